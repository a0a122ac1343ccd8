// What adapters register with the engine: a handler for every activity, and a probe where it
// matters.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "engine/core/activity.h"
#include "engine/core/event.h"

namespace ratchet::engine {

// One attempt at a step, as its handler sees it.
struct AttemptInfo {
  std::string run_id;
  CommandId command = 0;
  std::uint32_t attempt = 1;  // counts over restarts, as far as they were recorded
  Time deadline{};            // after this the engine no longer waits for the answer
  // To be called while the attempt works, if its Policy expects heartbeats; never recorded. False:
  // nobody waits for the answer any more. On the engine's thread (but see LocalEngine::perform).
  std::function<bool()> heartbeat;
};

// The answer of an attempt: exactly one call counts, later ones and those after the deadline are
// ignored. Copyable; may be called on the engine's thread only. Dropping all copies unanswered
// counts as a failure.
template <class Out>
class Answer {
 public:
  using Sink = std::function<void(Bytes result, const Failure* failure, bool retry)>;
  explicit Answer(Sink sink) : sink_(std::make_shared<Sink>(std::move(sink))) {}

  void complete(const Out& out) const { (*sink_)(out.SerializeAsString(), nullptr, false); }
  // The engine tries again as the activity's Policy says.
  void fail(const Failure& failure) const { (*sink_)({}, &failure, true); }
  // No further attempt can help: the step fails now.
  void fail_for_good(const Failure& failure) const { (*sink_)({}, &failure, false); }

 private:
  std::shared_ptr<Sink> sink_;
};

// What a probe answers about an earlier attempt, which by then must no longer be able to land.
template <class Out>
class ProbeAnswer {
 public:
  using Sink = std::function<void(Verdict, Bytes result, const std::string& why)>;
  explicit ProbeAnswer(Sink sink) : sink_(std::make_shared<Sink>(std::move(sink))) {}

  void done(const Out& out) const { (*sink_)(Verdict::done, out.SerializeAsString(), ""); }
  void not_done() const { (*sink_)(Verdict::not_done, {}, ""); }
  // Nobody can tell: the step waits for a person.
  void unknown(const std::string& why) const { (*sink_)(Verdict::unknown, {}, why); }

 private:
  std::shared_ptr<Sink> sink_;
};

// Why nothing is performed for a step whose recorded input cannot be parsed as this activity's: its
// handler would take what it makes of it, an empty message as a rule, for what was asked.
Failure input_is_unreadable(const ActivityInfo& activity);

// Handlers of activities, by name. Filled by adapters (or a test's fakes) before Engine::open.
class Handlers {
 public:
  using RawHandler = std::function<void(const AttemptInfo&, const Bytes& input,
                                        Answer<google::protobuf::Message>::Sink)>;
  using RawProbe = std::function<void(const AttemptInfo&, const Bytes& input,
                                      ProbeAnswer<google::protobuf::Message>::Sink)>;
  struct Entry {
    ActivityInfo info;
    RawHandler perform;
    RawProbe probe;
  };

  // `perform` is called on the engine's thread and must not block; an exception that it throws is
  // a failed attempt.
  template <Message In, Message Out>
  void handle(const Activity<In, Out>& activity,
              std::type_identity_t<std::function<void(const AttemptInfo&, const In&, Answer<Out>)>>
                  perform) {
    entry(activity.info()).perform = [perform = std::move(perform), declared = activity.info()](
                                         const AttemptInfo& info, const Bytes& input, auto sink) {
      In in;
      if (!in.ParseFromString(input)) {
        const Failure unreadable = input_is_unreadable(declared);
        return sink({}, &unreadable, false);
      }
      perform(info, in, Answer<Out>(std::move(sink)));
    };
  }

  // Conditional and fenced activities need a probe: it looks at the live system for the effect of
  // an attempt whose answer was lost. Engine::open refuses a registry without it.
  template <Message In, Message Out>
  void probe(
      const Activity<In, Out>& activity,
      std::type_identity_t<std::function<void(const AttemptInfo&, const In&, ProbeAnswer<Out>)>>
          look) {
    entry(activity.info()).probe = [look = std::move(look), declared = activity.info()](
                                       const AttemptInfo& info, const Bytes& input, auto sink) {
      In in;
      if (!in.ParseFromString(input)) {
        return sink(Verdict::unknown, {}, input_is_unreadable(declared).message);
      }
      look(info, in, ProbeAnswer<Out>(std::move(sink)));
    };
  }

  const Entry* find(const std::string& activity) const;
  void put(Entry entry) { entries_[entry.info.name] = std::move(entry); }
  void for_each(const std::function<void(const Entry&)>& visit) const;
  // Throws std::invalid_argument naming the first activity that lacks its handler or its probe.
  void check() const;

 private:
  Entry& entry(const ActivityInfo& info);
  std::map<std::string, Entry> entries_;
};

// The code of the failure of a step that a dry run does not perform.
inline constexpr const char* dry_run_code = "dry_run";
// The same handlers for a dry run: what an activity declares as its effect decides. `read` is
// performed; everything else fails for good, unperformed.
Handlers reads_only(const Handlers& handlers);

}  // namespace ratchet::engine
