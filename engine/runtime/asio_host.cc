#include "engine/runtime/asio_host.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ratchet::engine {

namespace {
Time wall() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
constexpr Duration longest_nap{1'000'000};
}  // namespace

// All timers behind one: the next due is waited for, a second at most.
struct AsioHost::Timers : std::enable_shared_from_this<AsioHost::Timers> {
  explicit Timers(boost::asio::io_context& io) : timer(io) {}

  void add(Time due, std::function<void()> task) {
    const bool first = tasks.empty() || due < tasks.begin()->first;
    tasks.emplace(due, std::move(task));
    if (first) wait();
  }

  void wait() {
    if (tasks.empty()) return;
    timer.expires_after(std::clamp(tasks.begin()->first - wall(), Duration{0}, longest_nap));
    timer.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
      const auto self = weak.lock();
      if (self && !cancelled) self->fire();
    });
  }

  void fire() {
    const Time now = wall();
    std::vector<std::function<void()>> due;
    while (!tasks.empty() && tasks.begin()->first <= now) {
      due.push_back(std::move(tasks.begin()->second));
      tasks.erase(tasks.begin());
    }
    wait();
    for (const auto& task : due) task();
  }

  boost::asio::steady_timer timer;
  std::multimap<Time, std::function<void()>> tasks;
};

AsioHost::AsioHost(boost::asio::io_context& io) : io_(io), timers_(std::make_shared<Timers>(io)) {}
AsioHost::~AsioHost() = default;

void AsioHost::post(std::function<void()> task) { boost::asio::post(io_, std::move(task)); }
Time AsioHost::now() { return wall(); }
void AsioHost::wake_at(Time due, std::function<void()> task) { timers_->add(due, std::move(task)); }

}  // namespace ratchet::engine
