// The daemon's host: an io_context that one thread runs, and the system's wall clock.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "engine/runtime/host.h"

namespace ratchet::engine {

// The io_context must outlive the host; its thread is the engine's thread.
class AsioHost final : public Host {
 public:
  explicit AsioHost(boost::asio::io_context& io);
  ~AsioHost() override;

  void post(std::function<void()> task) override;
  Time now() override;

  // Due times are wall times: a clock that is set forward or back is noticed within a second.
  void wake_at(Time due, std::function<void()> task) override;

 private:
  struct Timers;
  boost::asio::io_context& io_;
  std::shared_ptr<Timers> timers_;
};

}  // namespace ratchet::engine
