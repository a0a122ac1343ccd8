// What is proved: code that changes under open runs (patches, versions side by side), and what a
// run shows to whoever queries it, now and at a point of its past.
#include <tuple>

#include <gtest/gtest.h>

#include "engine/core/codec.h"
#include "engine/inspect/query.h"
#include "engine/inspect/travel.h"
#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

// The life of a patch: each version of the code begins with step "old" or "new".
Task<Text> go_on(Workflow wf, std::string way) {
  const Text first = co_await wf.step(ask, text(way));
  co_return text(first.value() + (co_await wf.step(ask, text("end"))).value());
}
Task<Text> before(Workflow wf, Text) { co_return co_await go_on(wf, "old"); }
Task<Text> patched(Workflow wf, Text) {
  const std::string way = wf.patched("p") ? "new" : "old";
  EXPECT_EQ(wf.patched("p"), way == "new") << "one answer a run";
  co_return co_await go_on(wf, way);
}
Task<Text> deprecated(Workflow wf, Text) {
  wf.deprecate_patch("p");
  co_return co_await go_on(wf, "new");
}
Task<Text> after(Workflow wf, Text) { co_return co_await go_on(wf, "new"); }

Task<Text> version_1(Workflow wf, Text) { co_return co_await go_on(wf, "one"); }
Task<Text> version_2(Workflow wf, Text) { co_return co_await go_on(wf, "two"); }

Task<Text> showing(Workflow wf, Text) {
  wf.expose("phase", text("asking"));
  co_await wf.step(ask, text("a"));
  wf.expose("phase", text("ending"));
  wf.expose("count", text("1"));
  co_return co_await wf.step(ask, text("b"));
}

std::string shown(const std::optional<Exposed>& value) {
  Text t;
  return value && value->type == Text::descriptor() && t.ParseFromString(value->value) ? t.value()
                                                                                       : "nothing";
}

constexpr Activity<Text, Text> tell{"tell", Effect::read};
Task<Text> telling(Workflow wf, Text) { co_return co_await wf.step(tell, text("x")); }
Task<Text> telling_more(Workflow wf, Text) { co_return co_await wf.step(tell, text_and_more("x")); }

class Versions : public HandTest {
 protected:
  // Records one step with `then`, goes on with `now`: the way that it took, or how it parted.
  std::string goes_on(Code then, Code now) {
    outside.disk = GetParam().make();
    outside.anchor.set(std::nullopt);
    started(then);
    auto p = opened(now);
    if (p->engine->state("r") == RunState::quarantined) return "diverges";
    hand.answer(*p, hand.asked.back());
    hand.answer(*p, "end");
    expect_whole(*p);
    return result(*p).substr(0, 3);
  }
};

TEST_P(Versions, APatchIsTakenByRunsThatComeToItFirstAndKeptByEachRun) {
  EXPECT_EQ(goes_on(before, before), "old");
  EXPECT_EQ(goes_on(before, patched), "old");
  EXPECT_EQ(goes_on(before, deprecated), "diverges");
  EXPECT_EQ(goes_on(before, after), "diverges");

  EXPECT_EQ(goes_on(patched, before), "diverges");
  EXPECT_EQ(goes_on(patched, patched), "new");
  EXPECT_EQ(goes_on(patched, deprecated), "new");
  EXPECT_EQ(goes_on(patched, after), "diverges");

  EXPECT_EQ(goes_on(deprecated, before), "diverges");
  EXPECT_EQ(goes_on(deprecated, patched), "new");
  EXPECT_EQ(goes_on(deprecated, deprecated), "new");
  EXPECT_EQ(goes_on(deprecated, after), "new");
}

TEST_P(Versions, AMarkerStandsInTheHistory) {
  auto p = started(patched);
  EXPECT_EQ(p->history("r"), "0 RunStarted\n0 patch p\n0 step 1 ask\n");
}

TEST_P(Versions, ARunStaysOnItsVersionAndNewOnesTakeTheNewest) {
  {
    auto p = process(version_1);
    p->open();
    p->engine->start("r", "flow", {}, "ann");
    p->host.settle();
  }
  auto p = process(version_1);
  p->registry.add("flow", 2, version_2);
  p->open("build-2");
  p->engine->start("s", "flow", {}, "ann");
  p->host.settle();
  EXPECT_EQ(hand.asked, (std::vector<std::string>{"one", "one", "two"}));
  hand.answer(*p, "one");
  hand.answer(*p, "end");
  EXPECT_EQ(result(*p), "one!end!");
  EXPECT_EQ(find_run(p->log, "r")->version, 1U);
  EXPECT_EQ(find_run(p->log, "s")->version, 2U);
  expect_whole(*p);
}

TEST_P(Versions, AnOpenRunShowsItsValuesAndAQueryRecordsNothing) {
  auto p = started(showing);
  EXPECT_EQ(shown(p->engine->query("r", "phase")), "asking");
  EXPECT_EQ(shown(p->engine->query("r", "count")), "nothing");
  EXPECT_EQ(shown(p->engine->query("other", "phase")), "nothing");
  hand.answer(*p, "a");
  const auto records = p->log.head().size;
  EXPECT_EQ(shown(p->engine->query("r", "phase")), "ending");
  p->host.settle();
  EXPECT_EQ(p->log.head().size, records);
}

TEST_P(Versions, NothingIsShownBeforeItIsDurable) {
  auto p = opened(showing);
  p->engine->start("r", "flow", {}, "ann");
  EXPECT_EQ(shown(p->engine->query("r", "phase")), "nothing");
  p->host.settle();
  EXPECT_EQ(shown(p->engine->query("r", "phase")), "asking");
}

TEST_P(Versions, ARestartedRunShowsWhatItShowedBefore) {
  {
    auto p = started(showing);
    hand.answer(*p, "a");
  }
  auto p = opened(showing);
  EXPECT_EQ(shown(p->engine->query("r", "phase")), "ending");
}

TEST_P(Versions, ThePastCanBeQueriedTurnByTurn) {
  auto p = started(showing);
  hand.answer(*p, "a");
  hand.answer(*p, "b");
  const RunInfo run = *find_run(p->log, "r");
  const auto at = [&](std::uint32_t turn, const std::string& name) {
    const PastView view = view_past(p->log, p->registry, run, turn);
    EXPECT_FALSE(view.divergence);
    const auto value = view.values.find(name);
    return value == view.values.end() ? "nothing" : shown(value->second);
  };
  EXPECT_EQ(at(0, "phase"), "asking");
  EXPECT_EQ(at(0, "count"), "nothing");
  EXPECT_EQ(at(1, "phase"), "ending");
  EXPECT_EQ(view_past(p->log, p->registry, run).turns, 3U);
  EXPECT_EQ(p->engine->query("r", "phase").has_value(), false) << "it has ended";
}

TEST_P(Versions, CodeThatPartsShowsUpToThere) {
  auto p = started(showing);
  hand.answer(*p, "a");
  Registry other;
  other.add("flow", 1, before);
  const PastView view = view_past(p->log, other, *find_run(p->log, "r"));
  EXPECT_TRUE(view.divergence);
  EXPECT_TRUE(view.values.empty());
}

TEST_P(Versions, ThePastCanBeTravelledTurnByTurn) {
  auto p = started(showing);
  hand.answer(*p, "a");
  p->engine->pause("r", {"ann", "lunch"});
  p->host.settle();
  Travel travel(p->log, p->registry, *find_run(p->log, "r"));
  std::string told;
  while (travel.step()) {
    const Moment at = travel.moment();
    told += std::to_string(at.turn) + (at.run.state == RunState::paused ? " paused" : "") + " " +
            name_of(at.events.front().event) + ", open";
    for (const TimelineEntry& entry : at.open) told += " " + entry.command.name;
    for (const auto& [name, value] : at.exposed.value()) {
      told.append(" " + name + "=").append(value);
    }
    told += "\n";
  }
  EXPECT_EQ(told,
            "0 RunStarted, open ask phase=\"asking\"\n"
            "1 StepCompleted, open ask count=\"1\" phase=\"ending\"\n"
            "2 paused Paused, open ask count=\"1\" phase=\"ending\"\n");
  EXPECT_EQ(travel.moment().open.front().command.command, 2U);
  EXPECT_EQ(travel.turns(), 3U);
}

TEST_P(Versions, WhereCodePartsTheRecordIsStillShown) {
  auto p = started(showing);
  hand.answer(*p, "a");
  Registry other;
  other.add("flow", 1, before);
  Travel travel(p->log, other, *find_run(p->log, "r"));
  ASSERT_TRUE(travel.step());
  EXPECT_FALSE(travel.moment().exposed);
  EXPECT_EQ(travel.moment().open.size(), 1U);
  EXPECT_EQ(travel.divergence()->turn, 0U);
  ASSERT_TRUE(travel.step());
  EXPECT_EQ(travel.moment().open.front().command.command, 2U);
  EXPECT_EQ(travel.divergence()->turn, 0U);
  Travel none(p->log, Registry(), *find_run(p->log, "r"));
  ASSERT_TRUE(none.step());
  EXPECT_EQ(none.divergence()->attempted, "this build has no such workflow or version");
}

// Before anything is recorded or performed.
TEST_P(Versions, ALogOfANewerFormatIsNotOpened) {
  {
    SimulatedHost host(outside.now);
    const auto log = outside.disk->open(host);
    log->listen({.durable = [](std::uint64_t) {}, .halted = [](const std::string&) {}});
    store::Entry first;
    first.record = encode(Genesis{format_level + 1, log->head().log_id, outside.now});
    log->submit(std::move(first));
    host.settle();
    outside.anchor.set(log->head());
  }
  auto p = process(after);
  try {
    p->open();
    ADD_FAILURE() << "it was opened";
  } catch (const store::Error& error) {
    EXPECT_EQ(error.fault(), store::Fault::unsupported);
    EXPECT_NE(std::string(error.what()).find("nothing was performed"), std::string::npos);
  }
  EXPECT_EQ(p->log.next_index(), 1U);
}

TEST_P(Versions, AnInterruptedStepIsPerformedAsItWasRecorded) {
  std::vector<std::string> inputs;
  std::vector<Answer<Text>> unanswered;
  for (const Code code : {telling, telling_more}) {
    auto p = process(code);
    p->handlers.handle<Text, Text>(
        tell, [&](const AttemptInfo&, const Text& what, const Answer<Text>& answer) {
          inputs.push_back(what.SerializeAsString());
          unanswered.push_back(answer);
        });
    p->open();
    p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
    p->host.settle();
    EXPECT_EQ(p->engine->state("r"), RunState::running);
  }
  EXPECT_EQ(inputs, std::vector<std::string>(2, text("x").SerializeAsString()));
}

INSTANTIATE_TEST_SUITE_P(On, Versions, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
