// What is proved: what holds between runs holds wherever the process is stopped: so many of a
// workflow are open at once, in the order of their start, and one of a key; and nothing is done for
// the runs of a log that a person accepted before each is released.
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "engine/runtime/care.h"
#include "engine/testing/crash_matrix_gtest.h"
#include "tests/engine/disk.h"
#include "tests/engine/every_way.h"
#include "tests/engine/process.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

constexpr Activity<Text, Text> enter{"enter", Effect::idempotent};
constexpr Activity<Text, Text> leave{"leave", Effect::idempotent};
constexpr ChildWorkflow<Text, Text> visit{"visit"};

// Who is in the room, and whether two ever were.
class Room final : public World {
 public:
  void serve(Handlers& handlers, Host&) override {
    handlers.handle<Text, Text>(
        enter, [this](const AttemptInfo&, const Text& who, const Answer<Text>& answer) {
          if (came_.insert(who.value()).second) order_ += who.value();
          inside_.insert(who.value());
          crowded_ = crowded_ || inside_.size() > 1;
          answer.complete(who);
        });
    handlers.handle<Text, Text>(
        leave, [this](const AttemptInfo&, const Text& who, const Answer<Text>& answer) {
          inside_.erase(who.value());
          answer.complete(who);
        });
  }
  std::string state() const override { return (crowded_ ? "crowded: " : "one by one: ") + order_; }

 private:
  std::set<std::string> inside_;
  std::set<std::string> came_;
  std::string order_;
  bool crowded_ = false;
};

Task<Text> visiting(Workflow wf, Text who) {
  co_await wf.step(enter, who);
  co_await wf.sleep(std::chrono::seconds(1));
  co_return co_await wf.step(leave, who);
}

Task<Text> three_visits(Workflow wf, Text) {
  co_await all(wf.child(visit, text("a")), wf.child(visit, text("b")), wf.child(visit, text("c")));
  co_return text("all were there");
}

CrashCase visits(std::map<std::string, std::size_t> limits) {
  return {.registry =
              [](Registry& registry) {
                registry.add("flow", 1, three_visits);
                registry.add("visit", 1, visiting);
              },
          .world = [] { return std::make_unique<Room>(); },
          .workflow = "flow",
          .input = {},
          .limits = std::move(limits)};
}

TEST(CrashRuns, OnlySoManyAreOpenWhereverTheyAreStopped) {
  const CrashReport report = in_every_way(visits({{"visit", 1}}));
  expect_survived(report);
  EXPECT_TRUE(report.end.starts_with("one by one: abc")) << report.end;
}

TEST(CrashRuns, NoticesIfNobodyCounted) {
  EXPECT_TRUE(run_crash_matrix(visits({})).end.starts_with("crowded: abc"));
}

constexpr Activity<Text, Text> knock{"knock", Effect::idempotent};
constexpr Activity<Text, Text> listen{"listen", Effect::read};

// A doorbell that starts a run by a key, under a new run id each time it is rung.
class Door final : public World {
 public:
  void serve(Handlers& handlers, Host&) override {
    handlers.handle<Text, Text>(
        knock, [this](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
          const std::string id = "guest-" + std::to_string(++rung_);
          engine_->start({id, "guest", {}, "test", "the-guest"});
          answer.complete(what);
        });
    handlers.handle<Text, Text>(
        enter, [this](const AttemptInfo&, const Text& who, const Answer<Text>& answer) {
          guests_.insert(who.value());
          answer.complete(who);
        });
    handlers.handle<Text, Text>(
        listen, [this](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
          if (guests_.empty()) return answer.fail({"quiet", "not yet"});
          answer.complete(what);
        });
  }
  void meet(Engine& engine, MemoryAnchor&) override { engine_ = &engine; }
  std::string state() const override { return std::to_string(guests_.size()) + " guests"; }

 private:
  Engine* engine_ = nullptr;
  std::set<std::string> guests_;
  int rung_ = 0;
};

// Stays until the end: a second one would be open beside it.
Task<Text> staying(Workflow wf, Text) {
  co_await wf.step(enter, text(wf.run_id()));
  co_return co_await wf.receive(approval);
}

Task<Text> ringing_twice(Workflow wf, Text) {
  co_await wf.step(knock, text("once"));
  co_await wf.step(listen, text("is it there?"));
  co_await wf.step(knock, text("again"));
  co_await wf.sleep(std::chrono::seconds(10));
  co_return co_await wf.step(listen, text("is it alone?"));
}

TEST(CrashRuns, OneOfAKeyIsOpenWhereverItIsStopped) {
  const CrashReport report = in_every_way({.registry =
                                               [](Registry& registry) {
                                                 registry.add("flow", 1, ringing_twice);
                                                 registry.add("guest", 1, staying);
                                               },
                                           .world = [] { return std::make_unique<Door>(); },
                                           .workflow = "flow",
                                           .input = {}},
                                          AnswerOrder::shown);
  expect_survived(report);
  EXPECT_TRUE(report.end.starts_with("1 guests")) << report.end;
}

Task<Text> entering_twice(Workflow wf, Text) {
  co_await wf.step(enter, text("one"));
  co_return co_await wf.step(enter, text("two"));
}

// A log whose run was interrupted in its first step, and which a person has then accepted.
OpenLog accepted_log(const std::shared_ptr<Disk>& disk, store::Head& head) {
  Outside outside(disk);
  {
    Process p(outside);
    p.registry.add("flow", 1, entering_twice);
    p.handlers.handle<Text, Text>(
        enter, [&p](const AttemptInfo&, const Text&, const Answer<Text>&) { p.host.stop(); });
    p.open();
    p.engine->start("crash-matrix", "flow", {}, "test");
    p.host.run_until([] { return false; });
  }
  {
    Process p(outside);
    p.log.listen({[](std::uint64_t) {}, [](const std::string&) {}});
    accept_log(p.log, std::nullopt, {"ann", "the anchor was lost"}, p.host.now());
    p.host.settle();
    head = p.log.head();
  }
  return place_of(disk);
}

// A person who lets the run go on after a while; nobody may enter before.
class Gatekeeper final : public World {
 public:
  explicit Gatekeeper(std::shared_ptr<store::Head> head) : head_(std::move(head)) {}

  void serve(Handlers& handlers, Host& host) override {
    host_ = &host;
    handlers.handle<Text, Text>(
        enter, [this](const AttemptInfo&, const Text& who, const Answer<Text>& answer) {
          entered_.insert((released_ ? "" : "too early: ") + who.value());
          answer.complete(who);
        });
  }
  void meet(Engine&, MemoryAnchor& anchor) override {
    if (!anchor.read()) anchor.set(*head_);
  }
  void steer(Engine& engine) override {
    host_->wake_at(host_->now() + std::chrono::seconds(10), [this, &engine] {
      engine.release("crash-matrix", {"ann", "it is the right log"});
      released_ = true;
    });
  }
  std::string state() const override {
    std::string all;
    for (const std::string& who : entered_) all += who + " ";
    return all;
  }

 private:
  std::shared_ptr<store::Head> head_;
  Host* host_ = nullptr;  // of the living process
  std::set<std::string> entered_;
  bool released_ = false;
};

TEST(CrashRuns, AnAcceptedLogGoesOnOnlyWhenItIsReleasedWhereverItIsStopped) {
  for (const auto make : {memory_disk, rocks_disk}) {
    const auto head = std::make_shared<store::Head>();
    const CrashReport report = expect_survives(
        {.registry = [](Registry& registry) { registry.add("flow", 1, entering_twice); },
         .world = [head] { return std::make_unique<Gatekeeper>(head); },
         .workflow = "flow",
         .input = {},
         .pairs = make == memory_disk,
         .place = [make, head] { return accepted_log(make(), *head); }});
    EXPECT_TRUE(report.end.starts_with("one two \nstate 2")) << report.end;
  }
}

}  // namespace
}  // namespace ratchet::engine::testing
