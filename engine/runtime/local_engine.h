// An engine for a program of one's own, without Kubernetes: the log in a folder, the anchor in a
// file, one thread for the engine and a few for activities that block.
//
//   LocalEngine local({.log = "orders/log", .anchor = "elsewhere/orders.anchor", .build = "1.4"});
//   local.registry().add("order", 1, order);
//   local.perform(charge, [&](const AttemptInfo&, const Payment& p) { return bank.charge(p); });
//   local.open();                                  // runs of earlier processes go on
//   local.engine().start("order-42", "order", request.SerializeAsString(), "shop");
//   const Outcome<Receipt> end = local.finish<Receipt>("order-42", 1min);
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "engine/core/activity.h"
#include "engine/core/event.h"
#include "engine/core/workflow.h"
#include "engine/runtime/engine.h"
#include "store/log.h"

namespace ratchet::engine {

struct LocalOptions {
  std::filesystem::path log;          // a folder, made if it is absent
  std::filesystem::path anchor;       // a file; on another disk it also finds a log put back
  std::string build = "unknown";      // identifies the code that decides
  std::string principal = "program";  // who opens the log
  std::size_t threads = 8;            // so many activities run at a time; others wait their turn
  std::chrono::milliseconds open_within{60'000};
  // What else an engine can be told: limits, retention, approvers, … Not who builds and opens,
  // which is above, nor the breadcrumb: that is the page of the log.
  EngineOptions engine{};
};

// Used by one thread, the engine's; only stop() may be called by any. What activities refer to must
// outlive it: its end waits for those that are running.
class LocalEngine {
 public:
  // Opens the log, or makes one. Throws std::invalid_argument for options without log, anchor or
  // threads, store::Error, std::filesystem::filesystem_error, std::runtime_error.
  explicit LocalEngine(LocalOptions options);
  ~LocalEngine();
  LocalEngine(const LocalEngine&) = delete;
  LocalEngine& operator=(const LocalEngine&) = delete;

  // What the program can run; filled before open().
  Registry& registry();

  // Performs the activity by calling `work` on a thread of its own, where it may block. A
  // StepFailure that it throws fails the step for good; any other exception is a failed attempt.
  // An attempt past its deadline is repeated although its thread may still be at work: let `work`
  // keep to AttemptInfo::deadline. One that finds no thread before its deadline is not begun.
  // AttemptInfo::heartbeat may be called on that thread; it answers as of the heartbeat before.
  template <Message In, Message Out>
  void perform(const Activity<In, Out>& activity,
               std::type_identity_t<std::function<Out(const AttemptInfo&, const In&)>> work) {
    perform(activity.info(), [work = std::move(work), declared = activity.info()](
                                 const AttemptInfo& attempt, const Bytes& input) {
      In in;
      if (!in.ParseFromString(input)) throw StepFailure(input_is_unreadable(declared));
      return work(attempt, in).SerializeAsString();
    });
  }

  // Looks whether an earlier attempt took place, also on a thread of its own: its result if it did,
  // nothing if it provably did not and no longer can. An exception means that nobody can tell: the
  // step waits for a person.
  template <Message In, Message Out>
  void probe(
      const Activity<In, Out>& activity,
      std::type_identity_t<std::function<std::optional<Out>(const AttemptInfo&, const In&)>> look) {
    probe(activity.info(),
          [look = std::move(look), declared = activity.info()](
              const AttemptInfo& attempt, const Bytes& input) -> std::optional<Bytes> {
            In in;
            if (!in.ParseFromString(input)) throw StepFailure(input_is_unreadable(declared));
            const std::optional<Out> found = look(attempt, in);
            if (!found) return std::nullopt;
            return found->SerializeAsString();
          });
  }

  // For handlers that need no thread: they answer on the engine's thread, at once or later.
  Handlers& handlers();
  Host& host();

  // Compares the log with its anchor and goes on with the open runs. Returns when runs can be
  // started. Throws what Engine::open throws, and std::runtime_error after open_within. Once.
  void open();
  // After open().
  Engine& engine();
  const store::LogReader& log() const;

  // Works until the run has ended; if another goes on in its place (it continued as new, or was
  // reset), until the last of these has. The failure is the run's own, or "no_run", "quarantined",
  // "pruned", "bad_payload" if its result is no Out, or "not_ended" if it has not ended within that
  // time. Throws Halt if the log failed.
  template <Message Out>
  Outcome<Out> finish(const std::string& run_id, std::chrono::milliseconds within) {
    const Outcome<Bytes> end = finish(run_id, within);
    if (!end.ok()) return {std::nullopt, end.failed};
    Out value;
    if (value.ParseFromString(*end.value)) return {std::move(value), std::nullopt};
    return {std::nullopt, Failure{"bad_payload", "the result of run " + run_id + " is not a " +
                                                     Out::descriptor()->full_name()}};
  }
  Outcome<Bytes> finish(const std::string& run_id, std::chrono::milliseconds within);

  // Works until stop(), SIGINT or SIGTERM. Throws Halt if the log failed.
  void serve();
  void stop();

 private:
  void perform(const ActivityInfo& activity,
               std::function<Bytes(const AttemptInfo&, const Bytes&)> work);
  void probe(const ActivityInfo& activity,
             std::function<std::optional<Bytes>(const AttemptInfo&, const Bytes&)> look);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ratchet::engine
