// The objects and the history of their changes: one counter of versions over all of them, as in
// etcd. Knows nothing of kinds or rules. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ratchet::k8s::embedded {

using Json = nlohmann::json;
using Object = std::shared_ptr<const Json>;

struct ObjectId {
  std::string resource;  // Kind::resource()
  std::string space;     // namespace; empty for cluster-scoped objects
  std::string name;

  auto operator<=>(const ObjectId&) const = default;
};

enum class ChangeType { added, modified, deleted };

struct Change {
  std::uint64_t version = 0;
  ChangeType type = ChangeType::added;
  ObjectId id;
  Object object;    // after the change; of a deletion: the last state, with the new version
  Object previous;  // before it; null for an addition
};

class Store {
 public:
  // Keeps the latest `history` changes; a watch that needs an older one has to list anew.
  explicit Store(std::size_t history) : limit_(history) {}

  std::uint64_t version() const { return version_; }
  Object find(const ObjectId& id) const;  // null if there is none
  // In order of namespace and name; empty space: all namespaces.
  std::vector<Object> list(const std::string& resource, const std::string& space) const;
  // The same as it was at `version`; nothing if the history does not reach back so far.
  std::optional<std::vector<Object>> list_at(const std::string& resource, const std::string& space,
                                             std::uint64_t version) const;

  // Adds or replaces, gives the object the next version and returns it as stored.
  Object put(const ObjectId& id, Json object);
  // Removes what is there, with `last` as the state that watches see; false if there is nothing.
  bool erase(const ObjectId& id, Json last);

  // The first change after `version`; null if there is none yet. Valid until the next change.
  const Change* next(std::uint64_t version) const;
  // Changes up to and including this version are forgotten.
  std::uint64_t compacted() const { return compacted_; }
  void compact(std::uint64_t through);

  // `called` runs after each change, within put or erase, until the handle is dropped. It must not
  // change the store.
  using Handle = std::shared_ptr<void>;
  Handle subscribe(std::function<void()> called);

 private:
  void record(Change change);

  std::size_t limit_;
  std::uint64_t version_ = 0;
  std::uint64_t compacted_ = 0;
  std::map<ObjectId, Object> objects_;
  std::deque<Change> history_;
  std::vector<std::weak_ptr<std::function<void()>>> listeners_;
};

}  // namespace ratchet::k8s::embedded
