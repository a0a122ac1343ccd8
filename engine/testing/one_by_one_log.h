// A log that appends one record at a time, so that a process can be stopped after each of them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "store/log.h"
#include "store/reads_passed_on.h"

namespace ratchet::engine::testing {

class OneByOneLog final : public store::ReadsPassedOn<store::Log> {
 public:
  // `goes_on` is asked when a record has become durable. False: the process is stopped, and nobody
  // in it hears of this record or writes another. `log` outlives this.
  OneByOneLog(store::Log& log, std::function<bool()> goes_on)
      : log_(log), goes_on_(std::move(goes_on)), next_index_(log.next_index()) {}

  void listen(store::Listener listener) override {
    listener_ = std::move(listener);
    log_.listen({.durable =
                     [this](std::uint64_t size) {
                       if (!goes_on_()) return;
                       listener_.durable(size);
                       queue_.pop_front();
                       forward();
                     },
                 .halted = [this](const std::string& why) { listener_.halted(why); }});
  }
  std::uint64_t begin_epoch() override { return log_.begin_epoch(); }
  std::uint64_t submit(store::Entry entry) override {
    queue_.push_back(std::move(entry));
    if (queue_.size() == 1) forward();
    return next_index_++;
  }
  std::uint64_t next_index() const override { return next_index_; }

  // Nothing waits to be written, or to be told.
  bool is_idle() const { return queue_.empty(); }

 private:
  const store::LogReader& answering() const override { return log_; }

  void forward() {
    if (!queue_.empty()) log_.submit(queue_.front());
  }

  store::Log& log_;
  std::function<bool()> goes_on_;
  std::uint64_t next_index_;
  store::Listener listener_;
  std::deque<store::Entry> queue_;
};

}  // namespace ratchet::engine::testing
