// The keys that a controller still has to look at: each at most once in the queue and at most once
// in work, whatever number of events named it.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ratchet::k8s::provisioner {

// Everything on one executor, one thread. A key is any text.
class WorkQueue {
 public:
  using Duration = std::chrono::steady_clock::duration;

  struct Limits {
    std::size_t keys = 10'000;  // waiting, delayed ones included
    Duration first_delay = std::chrono::milliseconds(200);
    Duration longest_delay = std::chrono::seconds(30);
  };

  WorkQueue(const boost::asio::any_io_executor& executor, Limits limits);

  // The key is handed out as soon as nobody works on it. False if the queue is full: the caller's
  // periodic resync will name it again.
  bool add(const std::string& key);
  // The same after a while; of several delays the shortest counts.
  bool add_after(const std::string& key, Duration delay);
  // After a delay that doubles with each call until `forget`.
  bool retry(const std::string& key);
  void forget(const std::string& key);

  // The next key, which is the caller's until `done`; nothing once the queue is closed.
  boost::asio::awaitable<std::optional<std::string>> take();
  void done(const std::string& key);
  void close();

 private:
  using Clock = std::chrono::steady_clock;
  void promote();
  Clock::time_point next_due() const;
  bool full() const { return queued_.size() + delayed_.size() >= limits_.keys; }

  Limits limits_;
  boost::asio::steady_timer wake_;
  std::deque<std::string> order_;
  std::set<std::string> queued_;  // what order_ holds, and what was named again while in work
  std::set<std::string> in_work_;
  std::map<std::string, Clock::time_point> delayed_;
  std::map<std::string, unsigned> failures_;
  bool closed_ = false;
};

}  // namespace ratchet::k8s::provisioner
