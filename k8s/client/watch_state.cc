#include "k8s/client/watch_state.h"

#include <algorithm>

namespace ratchet::k8s {
namespace {

// A stream that stayed open this long worked, even if it had nothing to say.
constexpr auto healthy_after = std::chrono::seconds(30);
constexpr unsigned max_doublings = 20;

const Json& metadata_of(const Json& object) {
  static const Json none = Json::object();
  auto found = object.find("metadata");
  return found != object.end() && found->is_object() ? *found : none;
}

std::string version_of(const Json& object) {
  return metadata_of(object).value("resourceVersion", "");
}

std::string uid_of(const Json& object) { return metadata_of(object).value("uid", ""); }

std::pair<std::string, std::string> name_of(const Json& object) {
  const Json& metadata = metadata_of(object);
  return {metadata.value("namespace", ""), metadata.value("name", "")};
}

// What is kept of an object: whose it is and what it was called, not what it said.
Json remains_of(const Json& object) {
  Json metadata = metadata_of(object);
  metadata.erase("managedFields");
  return {{"apiVersion", object.value("apiVersion", "")},
          {"kind", object.value("kind", "")},
          {"metadata", std::move(metadata)}};
}

}  // namespace

std::chrono::milliseconds WatchState::delay() const {
  if (failures_ == 0) {
    return std::chrono::milliseconds(0);
  }
  auto doublings = std::min(failures_ - 1, max_doublings);
  auto longest = std::min(backoff_.first * (1U << doublings), backoff_.most);
  double share = 0.5 + 0.5 * (backoff_.random ? backoff_.random() : 0.0);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(longest.count()) * share));
}

std::vector<Event> WatchState::listed(const Json& list) {
  std::map<Name, Json> before;
  before.swap(known_);
  std::vector<Event> events;
  for (const Json& item : list.at("items")) {
    Name name = name_of(item);
    auto old = before.find(name);
    if (old != before.end() && uid_of(old->second) != uid_of(item)) {
      events.push_back({Event::Type::deleted, std::move(old->second)});
      before.erase(old);
      old = before.end();
    }
    known_[name] = remains_of(item);
    if (old == before.end()) {
      events.push_back({Event::Type::added, item});
    } else if (version_of(old->second) != version_of(item)) {
      events.push_back({Event::Type::modified, item});
    }
    before.erase(name);
  }
  for (auto& [name, gone] : before) {
    events.push_back({Event::Type::deleted, std::move(gone)});
  }
  version_ = version_of(list);
  next_ = Next::watch;
  return events;
}

std::optional<Event> WatchState::line(const std::string& text) {
  Json message = Json::parse(text, nullptr, false);
  auto object = message.is_object() ? message.find("object") : message.end();
  std::string type = message.is_object() ? message.value("type", "") : "";
  bool change = type == "ADDED" || type == "MODIFIED" || type == "DELETED";
  bool sound = object != message.end() && object->is_object() && !version_of(*object).empty();
  if (!sound || (!change && type != "BOOKMARK")) {
    expired();  // ERROR, most often with code 410: the way out is the same
    return std::nullopt;
  }
  version_ = version_of(*object);
  failures_ = 0;
  if (type == "BOOKMARK") {
    return std::nullopt;
  }
  return type == "DELETED" ? vanished(name_of(*object), std::move(*object))
                           : changed(std::move(*object));
}

std::optional<Event> WatchState::changed(Json object) {
  bool is_new = known_.insert_or_assign(name_of(object), remains_of(object)).second;
  return Event{is_new ? Event::Type::added : Event::Type::modified, std::move(object)};
}

std::optional<Event> WatchState::vanished(const Name& name, Json object) {
  if (known_.erase(name) == 0) {
    return std::nullopt;
  }
  return Event{Event::Type::deleted, std::move(object)};
}

void WatchState::ended(std::chrono::steady_clock::duration open) {
  failures_ = open >= healthy_after ? 0 : failures_ + 1;
}

void WatchState::failed() { ++failures_; }

void WatchState::expired() {
  ++failures_;
  next_ = Next::list;
}

}  // namespace ratchet::k8s
