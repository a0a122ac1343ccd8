// One open watch: a place in the store's history. It holds no queue; a reader that is too slow
// gets 410 Gone, as from the real server.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "k8s/embedded/call.h"
#include "k8s/embedded/selectors.h"
#include "k8s/embedded/store.h"

namespace ratchet::k8s::embedded {

class Watch {
 public:
  // The store must outlive the watch. `initial` are shown as ADDED before changes after `from`.
  Watch(Store& store, KindPtr kind, Call call, std::vector<Object> initial, std::uint64_t from,
        const Faults& faults);

  // The next event {type, object}; nothing if there is none now, or the watch has ended.
  std::optional<Json> next();
  // An event that tells how far the watch has come.
  Json bookmark() const;
  // True after a cut or an ERROR event; the reader closes the stream.
  bool ended() const { return ended_; }
  // `called` runs when there may be something new. It must not change the store.
  void on_change(std::function<void()> called);

  const Kind& kind() const { return *kind_; }
  const Call& call() const { return call_; }

 private:
  std::optional<Json> event_of(const Change& change) const;
  bool wanted(const Json& object) const;
  Json shown(const Json& object) const;

  Store& store_;
  KindPtr kind_;
  Call call_;
  std::deque<Object> initial_;
  std::uint64_t seen_;
  const Faults& faults_;
  Selector labels_;
  Selector fields_;
  bool ended_ = false;
  Store::Handle handle_;
};

// The object as that version of its kind shows it.
Json in_version(const Kind& kind, const std::string& version, const Json& object);

}  // namespace ratchet::k8s::embedded
