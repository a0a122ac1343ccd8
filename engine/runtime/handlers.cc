#include "engine/runtime/handlers.h"

namespace ratchet::engine {

Failure input_is_unreadable(const ActivityInfo& activity) {
  return {"bad_payload", std::string("the recorded input of ") + activity.name + " is not a " +
                             activity.input()->full_name() +
                             ": run a build with the type that it was recorded with"};
}

Handlers::Entry& Handlers::entry(const ActivityInfo& info) {
  Entry& entry = entries_[info.name];
  entry.info = info;
  return entry;
}

const Handlers::Entry* Handlers::find(const std::string& activity) const {
  const auto it = entries_.find(activity);
  return it == entries_.end() ? nullptr : &it->second;
}

void Handlers::for_each(const std::function<void(const Entry&)>& visit) const {
  for (const auto& [name, entry] : entries_) visit(entry);
}

void Handlers::check() const {
  for (const auto& [name, entry] : entries_) {
    if (!entry.perform) throw std::invalid_argument("activity " + name + " has no handler");
    const bool looks =
        entry.info.effect == Effect::conditional || entry.info.effect == Effect::fenced;
    if (looks && !entry.probe) {
      throw std::invalid_argument("activity " + name +
                                  " is conditional or fenced and has no probe: after a crash "
                                  "nobody could tell whether it took place");
    }
  }
}

Handlers reads_only(const Handlers& handlers) {
  using Sink = Answer<google::protobuf::Message>::Sink;
  Handlers reading;
  handlers.for_each([&reading](const Handlers::Entry& entry) {
    Handlers::Entry kept = entry;
    if (entry.info.effect != Effect::read) {
      kept.perform = [name = entry.info.name](const AttemptInfo&, const Bytes&, const Sink& sink) {
        const Failure refused{dry_run_code,
                              std::string(name) + " writes, which a dry run does not do"};
        sink({}, &refused, false);
      };
    }
    reading.put(std::move(kept));
  });
  return reading;
}

}  // namespace ratchet::engine
