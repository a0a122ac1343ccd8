#include "k8s/embedded/store.h"

#include <algorithm>
#include <utility>

namespace ratchet::k8s::embedded {

Object Store::find(const ObjectId& id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<Object> Store::list(const std::string& resource, const std::string& space) const {
  std::vector<Object> result;
  for (auto at = objects_.lower_bound({resource, space, ""}); at != objects_.end(); ++at) {
    if (at->first.resource != resource) break;
    if (!space.empty() && at->first.space != space) break;
    result.push_back(at->second);
  }
  return result;
}

std::optional<std::vector<Object>> Store::list_at(const std::string& resource,
                                                  const std::string& space,
                                                  std::uint64_t version) const {
  if (version < compacted_) return std::nullopt;
  std::map<ObjectId, Object> objects;
  for (auto at = objects_.lower_bound({resource, space, ""}); at != objects_.end(); ++at) {
    if (at->first.resource != resource) break;
    if (!space.empty() && at->first.space != space) break;
    objects.insert(*at);
  }
  for (auto change = history_.rbegin(); change != history_.rend(); ++change) {
    if (change->version <= version) break;
    if (change->id.resource != resource) continue;
    if (!space.empty() && change->id.space != space) continue;
    if (change->previous) {
      objects[change->id] = change->previous;
    } else {
      objects.erase(change->id);
    }
  }
  std::vector<Object> result;
  result.reserve(objects.size());
  for (auto& [id, object] : objects) result.push_back(std::move(object));
  return result;
}

Object Store::put(const ObjectId& id, Json object) {
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  auto stored = std::make_shared<const Json>(std::move(object));
  Object& slot = objects_[id];
  Object previous = std::exchange(slot, stored);
  const ChangeType type = previous ? ChangeType::modified : ChangeType::added;
  record({version_, type, id, stored, std::move(previous)});
  return stored;
}

bool Store::erase(const ObjectId& id, Json last) {
  const auto found = objects_.find(id);
  if (found == objects_.end()) return false;
  last["metadata"]["resourceVersion"] = std::to_string(++version_);
  Object previous = found->second;
  objects_.erase(found);
  record({version_, ChangeType::deleted, id, std::make_shared<const Json>(std::move(last)),
          std::move(previous)});
  return true;
}

const Change* Store::next(std::uint64_t version) const {
  const auto found = std::upper_bound(
      history_.begin(), history_.end(), version,
      [](std::uint64_t wanted, const Change& change) { return wanted < change.version; });
  return found == history_.end() ? nullptr : &*found;
}

void Store::compact(std::uint64_t through) {
  while (!history_.empty() && history_.front().version <= through) history_.pop_front();
  compacted_ = std::max(compacted_, std::min(through, version_));
}

Store::Handle Store::subscribe(std::function<void()> called) {
  auto listener = std::make_shared<std::function<void()>>(std::move(called));
  listeners_.push_back(listener);
  return listener;
}

void Store::record(Change change) {
  history_.push_back(std::move(change));
  if (history_.size() > limit_) compact(history_.front().version);
  std::erase_if(listeners_, [](const auto& listener) { return listener.expired(); });
  for (const auto& weak : std::vector(listeners_)) {
    if (const auto listener = weak.lock()) (*listener)();
  }
}

}  // namespace ratchet::k8s::embedded
