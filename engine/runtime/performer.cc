#include "engine/runtime/performer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/runtime/alarms.h"
#include "engine/runtime/anchoring.h"
#include "engine/runtime/retry.h"

namespace ratchet::engine {

// What a step does at a time, unless it was answered before.
struct Performer::Alarm {
  Step* step;  // it cancels its alarm when it ends
  void (Step::*then)();
};

struct Performer::Shared : std::enable_shared_from_this<Shared> {
  Shared(Host& h, const Handlers& hs, Anchoring& a, Out o);
  Host& host;
  const Handlers& handlers;
  Anchoring& anchoring;
  Out out;
  Alarms<Alarm> alarms;  // outlives the steps, which cancel theirs
  std::map<std::pair<std::uint64_t, CommandId>, std::shared_ptr<Step>> steps;
};

// One step until its outcome. Every answer carries the token of what asked for it; a token that
// is no longer current marks a late answer.
class Performer::Step : public std::enable_shared_from_this<Step> {
 public:
  Step(Shared& shared, StepToPerform step)
      : shared_(shared), step_(std::move(step)), entry_(shared.handlers.find(step_.activity)) {}
  ~Step() { sleep_on(); }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void begin() {
    if (entry_ == nullptr) {
      return fail({"no_handler", "this build performs no activity " + step_.activity +
                                     "; run a build that does"});
    }
    if (step_.interrupted && lands_once(entry_->info.effect)) return in_doubt();
    if (!entry_->info.irreversible) return attempt();
    doing_ = Doing::waiting_for_anchor;
    if (const Time latest = latest_start(); latest < Time::max()) wake(latest, &Step::not_started);
    shared_.anchoring.cover(step_.intent + 1, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->attempt();
    });
  }

  void ring(const Alarm& alarm) {
    alarm_.reset();
    (this->*alarm.then)();
  }

  bool is_stuck() const { return then_ != nullptr; }

  void retry() {
    if (!is_stuck()) return;
    move_on();  // no other wake-up counts
    step_.since = shared_.host.now();
    step_.asked = {};
    last_attempt_ = false;
    ((*this).*std::exchange(then_, nullptr))();
  }

  // True if there is nothing left to wait for.
  bool cancel() {
    cancelled_ = true;
    return !running_;
  }

  std::string status() const {
    const std::string next = std::to_string(step_.attempts + 1);
    switch (doing_) {
      case Doing::starting:
        return "about to start";
      case Doing::waiting_for_anchor:
        return "waits for the anchor";
      case Doing::attempting:
        return "attempt " + next + " running";
      case Doing::backing_off:
        return "attempt " + next + " follows; the last one: " + last_.message;
      case Doing::looking:
        return "looks whether attempt " + next + " had its effect";
      case Doing::looking_again:
        return "cannot look whether its effect took place: " + why_;
      case Doing::asking:
        return "waits for a person: " + why_;
    }
    return "";
  }

 private:
  enum class Doing : std::uint8_t {
    starting,
    waiting_for_anchor,
    attempting,
    backing_off,
    looking,
    looking_again,
    asking
  };

  // Ignores answers that are late, and turns a dropped one into a failure.
  template <class... Args>
  auto only_now(void (Step::*method)(Args...)) {
    struct Guard {
      std::weak_ptr<Step> step;
      std::uint64_t token;
      ~Guard() {
        const auto self = step.lock();
        if (!self || self->token_ != token) return;
        self->shared_.host.post([weak = step, t = token] {
          const auto s = weak.lock();
          if (s && s->token_ == t) s->failed({"dropped", "the handler gave no answer"}, true);
        });
      }
    };
    auto guard = std::make_shared<Guard>(weak_from_this(), ++token_);
    return [guard, method](Args... args) {
      const auto self = guard->step.lock();
      if (!self || self->token_ != guard->token) return;
      self->move_on();
      ((*self).*method)(std::move(args)...);
    };
  }

  AttemptInfo info(Time deadline) {
    return {step_.run_id, step_.command, step_.attempts + 1, deadline,
            [weak = weak_from_this(), token = token_] {
              const auto self = weak.lock();
              return self && self->beat(token);
            }};
  }

  // True while somebody waits for the attempt.
  bool beat(std::uint64_t token) {
    if (token != token_) return false;
    last_beat_ = shared_.host.now();
    return !cancelled_;
  }
  // Whether the attempt is late, or silent.
  void watch_attempt() {
    const auto pause = entry_->info.policy.heartbeat_timeout;
    const Time now = shared_.host.now();
    if (now >= due_) return timed_out();
    if (pause.count() == 0) return wake(due_, &Step::timed_out);
    if (now < last_beat_ + pause) {
      return wake(std::min(due_, last_beat_ + pause), &Step::watch_attempt);
    }
    move_on();
    failed(attempt_is_silent(entry_->info), true);
  }
  // Until when it may wait for the anchor. What may have begun in an earlier process is not called
  // unstarted.
  Time latest_start() const {
    const auto within = entry_->info.policy.start_timeout;
    const bool counts = within.count() > 0 && step_.attempts == 0 && !step_.may_have_begun;
    return counts ? std::min(step_.since + within, last_moment()) : last_moment();
  }
  void not_started() {
    move_on();
    if (shared_.host.now() >= last_moment()) return give_up();
    fail(step_is_unstarted(entry_->info));
  }

  // The next deadline of an attempt or probe that starts now.
  Time deadline() const {
    const Policy& policy = entry_->info.policy;
    return std::min(shared_.host.now() + policy.attempt_timeout, last_moment());
  }
  Time last_moment() const {
    const Policy& policy = entry_->info.policy;
    return policy.overall_timeout.count() == 0 ? Time::max() : step_.since + policy.overall_timeout;
  }

  void wake(Time due, void (Step::*method)()) {
    sleep_on();
    alarm_ = shared_.alarms.set(due, {this, method});
  }
  void sleep_on() {
    if (alarm_) shared_.alarms.cancel(*std::exchange(alarm_, {}));
  }
  // Answers to what was asked before are late from here on.
  void move_on() {
    ++token_;
    sleep_on();
  }

  void attempt() {
    const Time due = deadline();
    if (due <= shared_.host.now()) return give_up();
    doing_ = Doing::attempting;
    probing_ = false;
    then_ = nullptr;
    running_ = true;
    auto sink = only_now(&Step::answered);
    due_ = due;
    last_beat_ = shared_.host.now();
    watch_attempt();
    try {
      entry_->perform(info(due), step_.input, std::move(sink));
    } catch (const std::exception& error) {
      move_on();
      failed({"exception", error.what()}, true);
    }
  }

  void answered(Bytes result, const Failure* failure, bool retry) {
    if (failure != nullptr) return failed(*failure, retry);
    complete(std::move(result), false);
  }
  // The record before the completion tells of the attempts that failed unrecorded, if any did.
  void complete(Bytes result, bool found_done) {
    if (const auto large = result_is_too_large(entry_->info, result)) return fail(*large);
    if (!told_) tell();
    finish(StepCompleted{step_.command, std::move(result), step_.attempts + 1, found_done});
  }

  void timed_out() {
    move_on();
    failed(attempt_is_late(entry_->info), true);
  }

  void failed(Failure failure, bool retry) {
    failure = recordable(std::move(failure));
    if (probing_) return probe_failed(failure);
    const std::uint32_t attempt = ++step_.attempts;
    if (!told_) {
      digest_ = digest(digest_, last_);
      ++unrecorded_;
    }
    last_ = failure;
    told_ = false;
    running_ = false;
    const Policy& policy = entry_->info.policy;
    if (!retry || cancelled_ || is_fatal(policy, failure)) return fail(failure);
    Time next = shared_.host.now() + backoff(policy, step_.run_id, attempt);
    last_attempt_ =
        (policy.max_attempts != 0 && attempt >= policy.max_attempts) || next >= last_moment();
    const bool look = lands_once(entry_->info.effect);  // it may have had its effect all the same
    if (last_attempt_ && !look) return give_up();
    if (last_attempt_) next = shared_.host.now();
    if (is_recorded(attempt) || last_attempt_) tell();
    doing_ = Doing::backing_off;
    then_ = look ? &Step::in_doubt : &Step::attempt;
    wake(next, then_);
  }

  // Puts the last failed attempt on the record, and of how many it speaks that are not there.
  void tell() {
    told_ = true;
    shared_.out.hint(step_.run,
                     AttemptFailed{step_.command, step_.attempts, last_,
                                   std::exchange(unrecorded_, 0), std::exchange(digest_, {})});
  }

  void give_up() {
    const Policy& policy = entry_->info.policy;
    if (policy.max_attempts != 0 && step_.attempts >= policy.max_attempts) return fail(last_);
    fail(step_is_given_up(entry_->info, last_));
  }

  void in_doubt() {
    if (entry_->info.effect == Effect::manual) {
      return ask(step_.activity + " may or may not have had its effect");
    }
    const Time due = shared_.host.now() + entry_->info.policy.attempt_timeout;
    doing_ = Doing::looking;
    probing_ = true;
    then_ = nullptr;
    auto sink = only_now(&Step::probed);
    wake(due, &Step::timed_out);
    try {
      entry_->probe(info(due), step_.input, std::move(sink));
    } catch (const std::exception& error) {
      move_on();
      failed({"exception", error.what()}, true);
    }
  }

  void probed(Verdict verdict, Bytes result, std::string why) {
    shorten(why, most_message_bytes);
    if (verdict == Verdict::unknown) return ask(why);
    shared_.out.hint(step_.run, Probed{step_.command, verdict, why});
    step_.interrupted = false;
    if (verdict == Verdict::not_done) return last_attempt_ ? give_up() : begin();
    complete(std::move(result), true);
  }

  // A probe only reads: it is repeated until it answers.
  void probe_failed(const Failure& failure) {
    doing_ = Doing::looking_again;
    why_ = failure.message;
    then_ = &Step::in_doubt;
    wake(shared_.host.now() + backoff(entry_->info.policy, step_.run_id, ++probes_), then_);
  }

  void ask(const std::string& why) {
    doing_ = Doing::asking;
    why_ = why;
    then_ = &Step::once_more;
    if (step_.asked == Time{}) step_.asked = shared_.host.now();
    const auto within = entry_->info.policy.decision_timeout;
    if (within.count() > 0) wake(step_.asked + within, &Step::undecided);
    shared_.out.hint(step_.run, Probed{step_.command, Verdict::unknown, why_});
  }

  // What is safe then: it is not performed again, and the workflow knows why.
  void undecided() {
    move_on();
    fail(doubt_is_undecided(entry_->info, why_));
  }

  // A person has decided the doubt: it did not take place.
  void once_more() {
    step_.interrupted = false;
    begin();
  }

  // The outcome tells of the last attempt, unless something came in between.
  void fail(const Failure& failure) {
    if (!told_ && (unrecorded_ > 0 || failure.code != last_.code)) tell();
    finish(StepFailed{step_.command, failure, step_.attempts});
  }

  void finish(Fact outcome) {
    const auto self = shared_from_this();  // keeps this alive while it is forgotten
    shared_.steps.erase({step_.run, step_.command});
    shared_.out.outcome(step_.run, std::move(outcome));
  }

  Shared& shared_;
  StepToPerform step_;
  const Handlers::Entry* entry_;
  std::uint64_t token_ = 0;
  bool probing_ = false;
  bool running_ = false;  // an attempt
  bool cancelled_ = false;
  void (Step::*then_)() = nullptr;  // what a wait ends with, while the step is stuck
  bool last_attempt_ = false;
  std::uint32_t probes_ = 0;
  std::uint32_t unrecorded_ = 0;
  std::string digest_;
  Failure last_;
  bool told_ = true;  // it is on the record
  Time due_{};        // of the attempt
  Time last_beat_{};
  Doing doing_ = Doing::starting;
  std::string why_;
  std::optional<Alarms<Alarm>::Handle> alarm_;
};

Performer::Shared::Shared(Host& h, const Handlers& hs, Anchoring& a, Out o)
    : host(h), handlers(hs), anchoring(a), out(std::move(o)), alarms(h, [](const Alarm& alarm) {
        alarm.step->shared_from_this()->ring(alarm);
      }) {}

Performer::Performer(Host& host, const Handlers& handlers, Anchoring& anchoring, Out out)
    : shared_(std::make_shared<Shared>(host, handlers, anchoring, std::move(out))) {}
Performer::~Performer() = default;

void Performer::perform(StepToPerform step) {
  const std::pair key{step.run, step.command};
  auto performed = std::make_shared<Step>(*shared_, std::move(step));
  shared_->steps[key] = performed;
  performed->begin();
}

void Performer::cancel(std::uint64_t run, CommandId command) {
  const auto step = shared_->steps.find({run, command});
  if (step != shared_->steps.end() && step->second->cancel()) shared_->steps.erase(step);
}

bool Performer::is_stuck(std::uint64_t run, CommandId command) const {
  const auto step = shared_->steps.find({run, command});
  return step != shared_->steps.end() && step->second->is_stuck();
}

void Performer::retry(std::uint64_t run, CommandId command) {
  const auto step = shared_->steps.find({run, command});
  if (step == shared_->steps.end()) return;
  const auto kept = step->second;  // it may end at once
  kept->retry();
}

void Performer::forget(std::uint64_t run) {
  auto& steps = shared_->steps;
  steps.erase(steps.lower_bound({run, 0}), steps.lower_bound({run + 1, 0}));
}

std::string Performer::status(std::uint64_t run, CommandId command) const {
  const auto step = shared_->steps.find({run, command});
  return step == shared_->steps.end() ? "" : step->second->status();
}

}  // namespace ratchet::engine
