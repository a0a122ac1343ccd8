// An anchor that outlives the processes of a test.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "engine/runtime/anchor.h"
#include "engine/runtime/host.h"

namespace ratchet::engine::testing {

class MemoryAnchor final : public Anchor {
 public:
  // Answers on this host from now on: the next process's.
  void serve(Host& host) { host_ = &host; }

  std::optional<store::Head> read() override { return head_; }
  void write(const store::Head& head, std::function<void(const std::string&)> done) override {
    ++writes_;
    if (refuse_.empty()) head_ = head;
    host_->post([done = std::move(done), why = refuse_] { done(why); });
  }

  // Writes fail with this text until it is empty again.
  void refuse(std::string why) { refuse_ = std::move(why); }
  void set(std::optional<store::Head> head) { head_ = std::move(head); }
  int writes() const { return writes_; }

 private:
  Host* host_ = nullptr;
  std::optional<store::Head> head_;
  std::string refuse_;
  int writes_ = 0;
};

}  // namespace ratchet::engine::testing
