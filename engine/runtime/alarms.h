// Many due times behind one wake-up of the host, which cannot be called off: so that what was
// answered in time leaves nothing behind.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "engine/runtime/host.h"

namespace ratchet::engine {

// Alarms of one time ring in the order in which they were set.
struct EarlierFirst {
  template <class Alarm>
  bool operator()(const Alarm& a, const Alarm& b) const {
    return a.first < b.first;
  }
};

// On the engine's thread. `What` says what is due. Before orders pairs of a time and a What, the
// earlier time first.
template <class What, class Before = EarlierFirst>
class Alarms {
 public:
  using Set = std::multiset<std::pair<Time, What>, Before>;
  using Handle = typename Set::iterator;

  // `ring` is called once for each alarm, at its time or as soon after it as can be, one a task of
  // the host; by then the alarm is no longer set.
  Alarms(Host& host, std::function<void(const What&)> ring)
      : state_(std::make_shared<State>(host, std::move(ring))) {}

  Handle set(Time due, What what) {
    const Handle alarm = state_->set.emplace(due, std::move(what));
    if (alarm == state_->set.begin()) state_->wake();
    return alarm;
  }
  void cancel(Handle alarm) { state_->set.erase(alarm); }
  // Where Before tells all alarms apart: the one for this, if it is set.
  void cancel(Time due, const What& what) {
    const auto alarm = state_->set.find(std::pair<Time, What>(due, what));
    if (alarm != state_->set.end()) state_->set.erase(alarm);
  }

 private:
  struct State : std::enable_shared_from_this<State> {
    State(Host& h, std::function<void(const What&)> r) : host(h), ring(std::move(r)) {}

    void wake() {
      if (set.empty() || set.begin()->first >= awaited) return;
      awaited = set.begin()->first;
      host.wake_at(awaited, [weak = this->weak_from_this(), due = awaited] {
        const auto self = weak.lock();
        if (!self) return;
        if (self->awaited == due) self->awaited = Time::max();
        self->ring_one();
      });
    }

    void ring_one() {
      if (set.empty() || set.begin()->first > host.now()) return wake();
      const What what = set.begin()->second;
      set.erase(set.begin());
      if (!set.empty() && set.begin()->first <= host.now()) {
        host.post([weak = this->weak_from_this()] {
          if (const auto self = weak.lock()) self->ring_one();
        });
      } else {
        wake();
      }
      ring(what);
    }

    Host& host;
    std::function<void(const What&)> ring;
    Set set;
    Time awaited = Time::max();  // the earliest wake-up that was asked for
  };
  std::shared_ptr<State> state_;
};

}  // namespace ratchet::engine
