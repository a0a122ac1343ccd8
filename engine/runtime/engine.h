// The engine: drives runs over a log. A decision is durable before it is performed, and a result
// before anybody sees it. An activity may therefore run more than once; it never runs unrecorded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/core/activity.h"
#include "engine/core/event.h"
#include "engine/core/workflow.h"
#include "engine/runtime/anchor.h"
#include "engine/runtime/host.h"
#include "store/log.h"

namespace ratchet::engine {

// The daemon must stop with its own exit code: the log failed, or is not the one that was anchored.
class Halt : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One attempt at a step, as its handler sees it.
struct AttemptInfo {
  std::string run_id;
  CommandId command = 0;
  std::uint32_t attempt = 1;  // counts over restarts, as far as they were recorded
  Time deadline{};            // after this the engine no longer waits for the answer
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
    entry(activity.info()).perform = [perform = std::move(perform)](const AttemptInfo& info,
                                                                    const Bytes& input, auto sink) {
      In in;
      in.ParseFromString(input);
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
    entry(activity.info()).probe = [look = std::move(look)](const AttemptInfo& info,
                                                            const Bytes& input, auto sink) {
      In in;
      in.ParseFromString(input);
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

struct EngineOptions {
  std::string build = "unknown";       // identifies the code that decides
  std::string principal = "ratchetd";  // who opens the log
};

// What an observer is told, always after the record is durable.
struct Recorded {
  std::string run_id;
  std::string workflow;
  Turn turn;
  RunState state = RunState::running;
};

// One per log. Everything is called, and calls back, on the host's thread.
class Engine {
 public:
  Engine(store::Log& log, Host& host, const Registry& registry, const Handlers& handlers,
         Anchor& anchor, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Compares the log with its anchor, replays the open runs and goes on with them; calls `ready`
  // when runs can be started. Throws Halt if the log is not (or no longer) the one that was
  // anchored, std::invalid_argument for missing handlers, store::Error if the log cannot be read.
  // Call once, after observe() and on_halt().
  void open(std::function<void()> ready);

  // Called for every turn once it is durable, in log order.
  void observe(std::function<void(const Recorded&)> observer);
  // Called once, when an append failed: nothing is performed any more. The process should stop.
  void on_halt(std::function<void(const std::string& why)> halted);

  // Starts a run. False if a run with this id exists, be it open or ended (then nothing happens).
  // The start is durable when the observer sees it.
  // Throws std::invalid_argument for an unknown workflow, std::length_error for an input that does
  // not fit into the log; then nothing was recorded.
  bool start(const std::string& run_id, const std::string& workflow, const Bytes& input,
             const std::string& principal);

  // Delivers a signal. False if there is no open run with this id.
  bool signal(const std::string& run_id, const std::string& name, const Bytes& value,
              const std::string& principal);

  // State of a run, or nothing if the log has none with this id.
  std::optional<RunState> state(const std::string& run_id) const;
  // What an open run waits for, one phrase per open command.
  std::vector<std::string> waiting_for(const std::string& run_id) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ratchet::engine
