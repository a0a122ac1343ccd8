#include "engine/inspect/explain.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <ranges>

namespace ratchet::engine {

namespace {

std::string text_of(const Failure& failure) {
  return failure.message.empty() ? failure.code : failure.code + ": " + failure.message;
}
std::string text_of(const By& by) { return by.principal + " (" + by.reason + ")"; }

std::string step_name(const TimelineEntry& entry) {
  return "step " + std::to_string(entry.command.command) + " " + entry.command.name;
}

std::string utc_of(Time time) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

class Explaining {
 public:
  Explaining(const RunInfo& run, const std::vector<RecordedEvent>& events,
             const std::vector<TimelineEntry>& entries, bool awaits_release, const StepWaits& waits)
      : run_(run),
        events_(events),
        entries_(entries),
        awaits_release_(awaits_release),
        waits_(waits) {}

  Explanation explain() && {
    state();
    if (!run_.ended) {
      if (run_.cancel_requested)
        because("it is being cancelled by " + text_of(*run_.cancel_requested));
      for (const TimelineEntry& entry : entries_) {
        if (!entry.end) wait(entry);
      }
    }
    return std::move(told_);
  }

 private:
  void because(const std::string& why) { told_.because.push_back(why); }
  void next(const std::string& what) { told_.next.push_back(what); }
  // "`retry 5f3c 4`": what to say to ratchetctl.
  std::string command(const char* name, const std::string& of = "") const {
    return "`" + std::string(name) + " " + run_.run_id + (of.empty() ? "" : " " + of) + "`";
  }

  void state() {
    if (awaits_release_) {
      told_.state = "Nothing is done for the run.";
      because("a person accepted the log after a loss, and has not released the run yet");
      return next("look whether the world is as its record says, then `release` it");
    }
    switch (run_.state) {
      case RunState::running:
        told_.state = "The run goes on.";
        return;
      case RunState::completed:
        told_.state = "The run completed.";
        return;
      case RunState::continued:
        told_.state = "The run ended, and run " + run_.successor + " goes on in its place.";
        if (run_.steered) because("it was reset by " + text_of(*run_.steered));
        return;
      case RunState::failed:
        return failed();
      case RunState::cancelled:
        told_.state = "The run was cancelled; what it had done was undone by its own steps.";
        if (run_.cancel_requested)
          because("it was cancelled by " + text_of(*run_.cancel_requested));
        return;
      case RunState::terminated:
        told_.state = "The run was ended at once; nothing was undone.";
        if (run_.steered) because("it was terminated by " + text_of(*run_.steered));
        next("look at what its open steps had begun: `history` shows them");
        return;
      case RunState::paused:
        told_.state = "The run is paused: what comes is recorded and held, no code of it runs.";
        if (run_.steered) because("it was paused by " + text_of(*run_.steered));
        next("let it go on: " + command("resume"));
        return;
      case RunState::queued:
        told_.state = "The run has not begun.";
        because("as many runs of " + run_.workflow + " are open as the daemon allows");
        return;
      case RunState::quarantined:
        return quarantined();
    }
  }

  void failed() {
    told_.state = "The run failed.";
    if (run_.failure) because(text_of(*run_.failure));
    const auto by_engine = [](const RecordedEvent& event) {
      const auto* end = std::get_if<RunFailed>(&event.event);
      return end != nullptr && end->by_engine;
    };
    if (std::ranges::any_of(events_, by_engine)) {
      return next(
          "run a build whose workflow decides less at once, and have the turns before go on, " +
          command("reset", "--keep TURNS") + ", or start a new run");
    }
    for (const TimelineEntry& entry : entries_) {
      const auto* end = entry.end ? std::get_if<StepFailed>(&entry.end->event) : nullptr;
      if (end == nullptr) continue;
      because(step_name(entry) + " had failed after " + std::to_string(end->attempts) +
              (end->attempts == 1 ? " attempt: " : " attempts: ") + text_of(end->failure));
    }
    next("mend what the reason names, then start a new run");
  }

  void quarantined() {
    told_.state = "The run is quarantined: nothing is performed for it, what comes is kept.";
    for (const RecordedEvent& event : std::views::reverse(events_)) {
      const auto* diverged = std::get_if<Diverged>(&event.event);
      if (diverged == nullptr) continue;
      because("at turn " + std::to_string(diverged->turn) + " " + diverged->difference);
      break;
    }
    next(command("replay") + " shows where this build and the record part");
    next("run a build that decides as was recorded: it lifts the quarantine by itself");
  }

  void wait(const TimelineEntry& entry) {
    const Event& open = entry.command.event;
    if (std::holds_alternative<StepScheduled>(open)) return wait_for_step(entry);
    if (const auto* timer = std::get_if<TimerStarted>(&open)) {
      return because("it waits for a timer, until " + utc_of(timer->due));
    }
    if (const auto* signal = std::get_if<SignalAwaited>(&open)) {
      because("it waits for the signal " + signal->signal);
      return next("send the signal " + signal->signal + ": " + command("signal", signal->signal));
    }
    if (const auto* child = std::get_if<ChildStarted>(&open)) {
      because("it waits for run " + child->run_id);
      return next("`explain " + child->run_id + "` says what that run waits for");
    }
    if (const auto* gate = std::get_if<GateOpened>(&open)) {
      because("it waits until a person approves or denies at the gate " + gate->gate);
      next("approve or deny, " + command("approve") + " or " + command("deny") +
           ", what it shows: " + entry.command.payloads.input);
    }
  }

  void wait_for_step(const TimelineEntry& entry) {
    std::string why = "it waits for " + step_name(entry);
    if (entry.trouble) {
      why += "; attempt " + std::to_string(entry.failed_attempts) +
             " failed: " + text_of(*entry.trouble);
    }
    because(why);
    if (entry.doubt) {
      because("nobody can tell whether " + step_name(entry) + " was done: " + *entry.doubt);
      const std::string step = std::to_string(entry.command.command);
      next("look, then have " + step_name(entry) + " tried again, " + command("retry", step) +
           ", or give it its outcome, " + command("skip", step) + " or " + command("fail", step));
      return;
    }
    const auto wait = waits_.find(entry.command.command);
    const bool known = wait != waits_.end();
    if (known) because(until_when(entry, wait->second));
    if (entry.trouble) {
      next("mend what made the attempts fail; it is tried again by itself" +
           (known && !wait->second.or_later ? ", from " + utc_of(wait->second.from) + " on"
                                            : std::string()));
    }
  }

  // Of a later attempt nothing but the last moment is known.
  static std::string until_when(const TimelineEntry& entry, const StepWait& wait) {
    std::string said = "attempt " + std::to_string(wait.attempt) + " of " + step_name(entry);
    if (wait.or_later) {
      said += " or a later one is under way or comes next";
    } else {
      said += " starts " + utc_of(wait.from) +
              (wait.looks_first ? ", once it was looked whether the one before took place," : "") +
              " and is waited for until " + utc_of(wait.answer_by);
    }
    if (wait.last_attempt != 0) {
      said += "; attempt " + std::to_string(wait.last_attempt) + " is the last";
    }
    if (wait.last_moment) said += "; the step fails at " + utc_of(*wait.last_moment);
    return said;
  }

  const RunInfo& run_;
  const std::vector<RecordedEvent>& events_;
  const std::vector<TimelineEntry>& entries_;
  const bool awaits_release_;
  const StepWaits& waits_;
  Explanation told_;
};

}  // namespace

Explanation explain(const RunInfo& run, const std::vector<RecordedEvent>& events,
                    const std::vector<TimelineEntry>& entries, bool awaits_release,
                    const StepWaits& waits) {
  return Explaining(run, events, entries, awaits_release, waits).explain();
}

}  // namespace ratchet::engine
