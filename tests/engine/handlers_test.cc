// What is proved: what was recorded for another type than the handler's is not performed as an
// empty message.
#include "engine/runtime/handlers.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/engine/travel.h"

namespace ratchet::engine::testing {
namespace {

const Bytes no_text = "\xff";

TEST(HandlersOfTypes, PerformNothingForAnInputThatIsNoneOfTheirs) {
  bool performed = false;
  Handlers handlers;
  handlers.handle<Text, Text>(
      book, [&](const AttemptInfo&, const Text&, const Answer<Text>&) { performed = true; });
  std::string code;
  bool again = true;
  handlers.find("book")->perform({}, no_text,
                                 [&](const Bytes&, const Failure* failure, bool retry) {
                                   if (failure != nullptr) code = failure->code;
                                   again = retry;
                                 });
  EXPECT_EQ(code, "bad_payload");
  EXPECT_FALSE(again) << "the next attempt has the same input";
  EXPECT_FALSE(performed);
}

TEST(HandlersOfTypes, CannotTellWhetherSuchAStepTookPlace) {
  bool looked = false;
  Handlers handlers;
  handlers.probe<Text, Text>(
      book, [&](const AttemptInfo&, const Text&, const ProbeAnswer<Text>&) { looked = true; });
  Verdict said = Verdict::done;
  handlers.find("book")->probe(
      {}, no_text, [&](Verdict verdict, const Bytes&, const std::string&) { said = verdict; });
  EXPECT_EQ(said, Verdict::unknown);
  EXPECT_FALSE(looked);
}

}  // namespace
}  // namespace ratchet::engine::testing
