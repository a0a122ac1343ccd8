#include "k8s/embedded/watch.h"

#include <algorithm>
#include <utility>

#include "k8s/embedded/refusal.h"

namespace ratchet::k8s::embedded {

Watch::Watch(Store& store, KindPtr kind, Call call, std::vector<Object> initial, std::uint64_t from,
             const Faults& faults)
    : store_(store),
      kind_(std::move(kind)),
      call_(std::move(call)),
      seen_(from),
      faults_(faults),
      labels_(Selector::of_labels(call_.label_selector)),
      fields_(Selector::of_fields(call_.field_selector, *kind_)) {
  for (Object& object : initial) {
    if (wanted(*object)) initial_.push_back(std::move(object));
  }
}

std::optional<Json> Watch::next() {
  if (ended_) return std::nullopt;
  if (!initial_.empty()) {
    Json event = {{"type", "ADDED"}, {"object", shown(*initial_.front())}};
    initial_.pop_front();
    return event;
  }
  if (seen_ < store_.compacted()) {
    ended_ = true;
    return Json{{"type", "ERROR"},
                {"object", expired("too old resource version: " + std::to_string(seen_) + " (" +
                                   std::to_string(store_.compacted() + 1) + ")")}};
  }
  const std::uint64_t limit =
      faults_.visible ? faults_.visible(call_, store_.version()) : store_.version();
  for (const Change* change = store_.next(seen_); change && change->version <= limit;
       change = store_.next(seen_)) {
    std::optional<Json> event = event_of(*change);
    if (event && faults_.cut && faults_.cut(call_)) {
      ended_ = true;
      return std::nullopt;
    }
    seen_ = change->version;
    if (event) return event;
  }
  return std::nullopt;
}

Json Watch::bookmark() const {
  return {{"type", "BOOKMARK"},
          {"object",
           {{"kind", kind_->kind},
            {"apiVersion", kind_->api_version(call_.version)},
            {"metadata",
             {{"resourceVersion", std::to_string(seen_)}, {"creationTimestamp", nullptr}}}}}};
}

void Watch::on_change(std::function<void()> called) {
  handle_ = called ? store_.subscribe(std::move(called)) : nullptr;
}

std::optional<Json> Watch::event_of(const Change& change) const {
  if (change.id.resource != kind_->resource()) return std::nullopt;
  if (!call_.space.empty() && change.id.space != call_.space) return std::nullopt;
  const bool before = change.previous && wanted(*change.previous);
  const bool after = change.type != ChangeType::deleted && wanted(*change.object);
  if (!before && !after) return std::nullopt;
  // An object that begins or ceases to match the selectors comes and goes for this watch.
  const char* type = !before ? "ADDED" : after ? "MODIFIED" : "DELETED";
  return Json{{"type", type}, {"object", shown(*change.object)}};
}

bool Watch::wanted(const Json& object) const {
  if (!call_.name.empty() && object["metadata"]["name"] != call_.name) return false;
  return labels_.matches(object) && fields_.matches(object);
}

Json Watch::shown(const Json& object) const { return in_version(*kind_, call_.version, object); }

Json in_version(const Kind& kind, const std::string& version, const Json& object) {
  Json result = object;
  result["apiVersion"] = kind.api_version(version);
  return result;
}

}  // namespace ratchet::k8s::embedded
