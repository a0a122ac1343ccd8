#include "k8s/provisioner/work_queue.h"

#include <algorithm>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

WorkQueue::WorkQueue(const asio::any_io_executor& executor, Limits limits)
    : limits_(limits), wake_(executor, Clock::time_point::max()) {}

bool WorkQueue::add(const std::string& key) {
  delayed_.erase(key);
  if (queued_.contains(key)) return true;
  if (full()) return false;
  queued_.insert(key);
  if (!in_work_.contains(key)) order_.push_back(key);
  wake_.cancel();
  return true;
}

bool WorkQueue::add_after(const std::string& key, Duration delay) {
  if (queued_.contains(key)) return true;
  if (!delayed_.contains(key) && full()) return false;
  const auto due = Clock::now() + delay;
  const auto [place, fresh] = delayed_.emplace(key, due);
  if (!fresh) place->second = std::min(place->second, due);
  wake_.cancel();
  return true;
}

bool WorkQueue::retry(const std::string& key) {
  const unsigned failures = failures_[key]++;
  const Duration delay = limits_.first_delay * (1U << std::min(failures, 16U));
  return add_after(key, std::min(delay, limits_.longest_delay));
}

void WorkQueue::forget(const std::string& key) { failures_.erase(key); }

void WorkQueue::promote() {
  const auto now = Clock::now();
  for (auto it = delayed_.begin(); it != delayed_.end();) {
    if (it->second > now) {
      ++it;
      continue;
    }
    const std::string key = it->first;
    it = delayed_.erase(it);
    queued_.insert(key);
    if (!in_work_.contains(key)) order_.push_back(key);
  }
}

WorkQueue::Clock::time_point WorkQueue::next_due() const {
  auto due = Clock::time_point::max();
  for (const auto& [key, when] : delayed_) due = std::min(due, when);
  return due;
}

asio::awaitable<std::optional<std::string>> WorkQueue::take() {
  for (;;) {
    promote();
    if (closed_) co_return std::nullopt;
    if (!order_.empty()) {
      std::string key = std::move(order_.front());
      order_.pop_front();
      queued_.erase(key);
      in_work_.insert(key);
      co_return key;
    }
    // Setting the same time again would wake the other takers, and they us.
    if (const auto due = next_due(); wake_.expiry() != due) wake_.expires_at(due);
    boost::system::error_code woken;
    co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) co_return std::nullopt;
  }
}

void WorkQueue::done(const std::string& key) {
  in_work_.erase(key);
  if (!queued_.contains(key)) return;
  order_.push_back(key);
  wake_.cancel();
}

void WorkQueue::close() {
  closed_ = true;
  wake_.cancel();
}

}  // namespace ratchet::k8s::provisioner
