// What a watch does next, as a pure state machine: list, then watch from the list's version, then
// again from the last version seen; list anew when the server no longer knows that version.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "k8s/client/client.h"

namespace ratchet::k8s {

// What changed, as seen by one watch. Level-based: changes may be skipped, the last state is not.
struct Event {
  enum class Type { added, modified, deleted };
  Type type = Type::added;
  // The object. When its deletion was noticed by a list only: apiVersion, kind and its last known
  // metadata.
  Json object;
};

// What a watch (watch.h) tells. Called on the client's executor, in order. They may stop the watch;
// what they throw ends the program's io_context.
struct WatchHandler {
  std::function<void(Event event)> on_event;
  // A list has been handed over completely: the first, and each one after a gap.
  std::function<void()> on_synced;
  // Whether the stream that follows a list, or the version seen last, is open. Not at first; false
  // when it has ended, in whatever way. What changed meanwhile is told after the next `true`, or by
  // the list before it.
  std::function<void(bool open)> on_open = {};
};

struct Backoff {
  std::chrono::milliseconds first{200};
  std::chrono::milliseconds most{30'000};
  // Half of each delay is random, so that a thousand clients do not come back together. [0, 1).
  std::function<double()> random;
};

class WatchState {
 public:
  enum class Next { list, watch };

  explicit WatchState(Backoff backoff) : backoff_(std::move(backoff)) {}

  Next next() const { return next_; }
  const std::string& resource_version() const { return version_; }  // to watch from
  // To wait before `next`. Zero after progress, then growing up to Backoff::most.
  std::chrono::milliseconds delay() const;

  // The list's answer: what changed since the state that was known. Any other outcome of a list is
  // `failed`.
  std::vector<Event> listed(const Json& list);
  // One line of the stream: nothing for bookmarks. After an ERROR line or nonsense, next() is list
  // and the stream must be left.
  std::optional<Event> line(const std::string& text);
  // The stream ended, in whatever way, after `open`; or it could not be opened and `open` is 0.
  void ended(std::chrono::steady_clock::duration open);
  // The list could not be had; or the watch was refused for a reason other than being too old.
  void failed();
  // The server no longer knows our version (410).
  void expired();

 private:
  using Name = std::pair<std::string, std::string>;  // namespace, name

  std::optional<Event> changed(Json object);
  std::optional<Event> vanished(const Name& name, Json object);

  Backoff backoff_;
  Next next_ = Next::list;
  std::string version_;
  unsigned failures_ = 0;
  std::map<Name, Json> known_;  // enough of each object to announce its deletion
};

}  // namespace ratchet::k8s
