// Activities whose attempts a test answers by hand, in the order that it wants.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "engine/inspect/replay.h"
#include "engine/inspect/verify.h"
#include "tests/engine/process.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {

inline constexpr Activity<Text, Text> ask{"ask", Effect::read,
                                          Policy{}.each(std::chrono::hours(1))};

// As text(), with a field beside it that the type does not have: as later code says it.
inline Text text_and_more(const std::string& value) {
  Text t = text(value);
  t.GetReflection()->MutableUnknownFields(&t)->AddVarint(99, 1);
  return t;
}

// The attempts of `ask` that wait for an answer, by input.
class ByHand {
 public:
  void serve(Handlers& handlers) {
    handlers.handle<Text, Text>(ask,
                                [this](const AttemptInfo&, const Text& what, Answer<Text> answer) {
                                  asked.push_back(what.value());
                                  waiting_.insert_or_assign(what.value(), std::move(answer));
                                });
  }
  void answer(Process& process, const std::string& what) {
    send(process, what);
    process.host.settle();
  }
  // As answer, but what follows from it is left to the caller.
  void send(Process& process, const std::string& what) {
    ASSERT_TRUE(waiting_.contains(what)) << what << " was not asked\n" << process.history("r");
    waiting_.at(what).complete(text(what + "!"));
  }
  void refuse(Process& process, const std::string& what) {
    ASSERT_TRUE(waiting_.contains(what)) << what << " was not asked\n" << process.history("r");
    waiting_.at(what).fail_for_good({"refused", what});
    process.host.settle();
  }

  std::vector<std::string> asked;

 private:
  std::map<std::string, Answer<Text>> waiting_;
};

// A run "r" of one workflow, over as many processes as a test wants, on either log.
class HandTest : public ::testing::TestWithParam<DiskKind> {
 protected:
  using Code = Task<Text> (*)(Workflow, Text);

  std::unique_ptr<Process> process(Code code, std::uint32_t version = 1) {
    auto p = std::make_unique<Process>(outside);
    p->registry.add("flow", version, code);
    hand.serve(p->handlers);
    return p;
  }
  std::unique_ptr<Process> opened(Code code) {
    auto p = process(code);
    p->open();
    p->host.settle();
    return p;
  }
  std::unique_ptr<Process> started(Code code) {
    auto p = opened(code);
    p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
    p->host.settle();
    return p;
  }
  static void signal(Process& p, const std::string& value) {
    p.engine->signal("r", approval.name(), text(value).SerializeAsString(), "bob");
    p.host.settle();
  }
  static void pass(Process& p, Duration time) {
    const Time until = p.host.now() + time;
    bool reached = false;
    p.host.wake_at(until, [&] { reached = true; });
    p.host.run_until([&] { return reached; });
    p.host.settle();
  }
  static std::string result(Process& p, const std::string& run_id = "r") {
    const auto run = find_run(p.log, run_id);
    for (const auto& record : read_history(p.log, run->run)) {
      for (const Event& event : record.turn.events) {
        Text value;
        if (const auto* done = std::get_if<RunCompleted>(&event)) {
          value.ParseFromString(done->result);
          return value.value();
        }
      }
    }
    return run->failure ? run->failure->code : "no result";
  }
  // The log is whole, and the code at hand decides again what was recorded.
  static void expect_whole(Process& p) {
    const auto verified = verify(p.log);
    EXPECT_TRUE(verified.ok()) << verified.problems.front();
    for (const auto& report : replay_all(p.log, p.registry)) {
      EXPECT_FALSE(report.divergence) << report.divergence->text();
    }
  }

  Outside outside{GetParam().make()};
  ByHand hand;
};

}  // namespace ratchet::engine::testing
