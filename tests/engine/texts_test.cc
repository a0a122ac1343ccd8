// What is proved: texts from outside that are no UTF-8, which protobuf writes and does not read
// again, leave a log that can be read: those of failures are mended, those of people and programs
// refused.
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "engine/core/utf8.h"
#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

using namespace std::chrono_literals;

constexpr Activity<Text, Text> garbling{"garbling", Effect::read, Policy{}.attempts(2)};

Task<Text> garbled(Workflow wf, Text in) { co_return co_await wf.step(garbling, in); }
Task<Text> asking(Workflow wf, Text in) { co_return co_await wf.step(ask, in); }

TEST(Utf8, IsWhatTheStandardSays) {
  for (const char* good : {"", "a", "\u00e9", "\u20ac", "\U0001F600", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\xe9", "\x80", "\xc3", "\xe2\x82", "\xc0\x80", "\xe0\x80\x80",
                          "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
  std::string text = "caf\xe9 \u20ac\xe2\x82";
  shorten(text, 100);
  EXPECT_EQ(text, "caf\uFFFD \u20ac\uFFFD\uFFFD");
}

class Texts : public HandTest {};

TEST_P(Texts, OfFailuresAreMended) {
  {
    auto p = process(garbled);
    p->handlers.handle<Text, Text>(garbling,
                                   [](const AttemptInfo&, const Text&, const Answer<Text>& answer) {
                                     answer.fail({"caf\xe9", "the caf\xe9 is closed"});
                                   });
    p->open();
    p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
    pass(*p, 1min);
    EXPECT_EQ(p->engine->state("r"), RunState::failed);
  }
  auto p = opened(garbled);
  EXPECT_EQ(find_run(p->log, "r")->failure, (Failure{"caf\uFFFD", "the caf\uFFFD is closed"}));
  expect_whole(*p);
}

TEST_P(Texts, OfPeopleAndProgramsAreRefused) {
  auto p = started(asking);
  const std::uint64_t records = p->log.next_index();
  EXPECT_EQ(p->engine->pause("r", {"Ren\xe9", "why not"}), "name and reason must be UTF-8");
  EXPECT_EQ(p->engine->note("r", {"ann", "caf\xe9"}), "name and reason must be UTF-8");
  EXPECT_EQ(p->engine->signal("r", "\xff", {}, By{"ann", "why not"}),
            "a signal's name must be UTF-8");
  EXPECT_THROW(p->engine->signal("r", "\xff", {}, "ann"), std::invalid_argument);
  EXPECT_THROW(p->engine->signal("r", "word", {}, "\xff"), std::invalid_argument);
  EXPECT_THROW(p->engine->start("\xff", "flow", {}, "ann"), std::invalid_argument);
  EXPECT_THROW(p->engine->start("s", "flow", {}, "\xff"), std::invalid_argument);
  EXPECT_THROW(p->engine->start({"s", "flow", {}, "ann", "\xff"}), std::invalid_argument);
  EXPECT_EQ(p->log.next_index(), records);
  p.reset();
  EXPECT_THROW(process(asking)->open("\xff"), std::invalid_argument);
  expect_whole(*opened(asking));
}

INSTANTIATE_TEST_SUITE_P(On, Texts, all_disks(), name_of_disk);

}  // namespace
}  // namespace ratchet::engine::testing
