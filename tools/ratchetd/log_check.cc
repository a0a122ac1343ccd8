#include "tools/ratchetd/log_check.h"

#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "store/tree_check.h"

namespace ratchet::ratchetd {

namespace {

// After so many records it pauses: at most half of a processor's time.
constexpr std::uint64_t records_at_a_time = 1024;
constexpr std::chrono::milliseconds pause_between{1};

}  // namespace

LogCheck::LogCheck(const store::LogReader& log, boost::asio::any_io_executor executor,
                   Refuse refuse)
    : wanted_(std::make_shared<std::atomic<bool>>(true)),
      thread_([this, &log, executor = std::move(executor), refuse = std::move(refuse)] {
        std::string why;
        try {
          store::check_tree(log, [this] { return goes_on(); });
        } catch (const std::exception& error) {
          why = error.what();
        }
        if (!*wanted_) return;
        if (why.empty()) {
          spdlog::info("the tree of the log was checked: {} records are as they were", records_);
          return;
        }
        boost::asio::post(executor, [wanted = wanted_, refuse, why] {
          if (*wanted) refuse(why);
        });
      }) {}

LogCheck::~LogCheck() {
  *wanted_ = false;
  thread_.join();
}

bool LogCheck::goes_on() {
  if (++records_ % records_at_a_time == 0) std::this_thread::sleep_for(pause_between);
  return *wanted_;
}

}  // namespace ratchet::ratchetd
