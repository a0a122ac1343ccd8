// The daemon's own look at its whole log: what the anchor and the opening compare are hashes of
// hashes, below which a record may have been edited.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/any_io_executor.hpp>

#include "store/log.h"

namespace ratchet::ratchetd {

// Checks the tree of what is durable by now (store/tree_check.h), once, on a thread of its own that
// leaves time to others.
class LogCheck {
 public:
  using Refuse = std::function<void(const std::string& why)>;
  // `refuse` is called by the executor, if the records are not those of the tree or cannot be read.
  // It is not called any more once this is gone. The log outlives this.
  LogCheck(const store::LogReader& log, boost::asio::any_io_executor executor, Refuse refuse);
  ~LogCheck();
  LogCheck(const LogCheck&) = delete;
  LogCheck& operator=(const LogCheck&) = delete;

 private:
  bool goes_on();

  std::shared_ptr<std::atomic<bool>> wanted_;
  std::uint64_t records_ = 0;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace ratchet::ratchetd
