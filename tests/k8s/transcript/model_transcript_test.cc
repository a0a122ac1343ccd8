// The model of a group's servers answers as the real ones did, and changes its state as they did.
// Red if the model takes a write on a secondary, knows a member before its server was told to join,
// or elects by anything but weight.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/fake_member.h"
#include "tests/k8s/transcript/story.h"
#include "tests/k8s/transcript/transcript.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string member_pod(std::size_t server) { return "my-group-" + std::to_string(server); }

Reply reply_of(FakeGroup& servers, std::size_t server, const std::string& statement) {
  Reply reply;
  try {
    for (const auto& row : servers.ask(member_pod(server), statement)) {
      reply.rows.emplace_back(row.begin(), row.end());
    }
  } catch (const sql::Error& error) {
    reply.error = error.number();
    reply.words = error.what();
  }
  return reply;
}

Stage stage_of(FakeGroup& servers) {
  Stage stage;
  stage.say = [&servers](std::size_t server, const std::vector<std::string>& statements) {
    std::vector<Reply> replies;
    for (const std::string& statement : statements) {
      replies.push_back(reply_of(servers, server, statement));
      if (replies.back().error != 0) break;
    }
    return replies;
  };
  for (std::size_t i = 0; i < story_members; ++i) {
    stage.ids.push_back(id_of_pod(member_pod(i)));
    stage.names.emplace_back(member_pod(i) + ".my-group-pods.demo.svc", "<host>");
  }
  stage.names.emplace_back("9.7.4", "<version>");
  return stage;
}

TEST(ModelOfAGroup, AnswersAsRealServersDid) {
  FakeGroup servers;
  const Transcript model = tell_story(stage_of(servers));
  EXPECT_THAT(differences(recorded_transcript(), model), IsEmpty());
}

TEST(ModelOfAGroup, IsToldEveryKindOfThing) {
  FakeGroup servers;
  const std::string text = text_of(tell_story(stage_of(servers)));
  for (const char* part :
       {"START GROUP_REPLICATION", "STOP GROUP_REPLICATION", "group_replication_bootstrap_group",
        "SET PERSIST", "RESET BINARY LOGS", "WAIT_FOR_EXECUTED_GTID_SET", "! 1290", "! 1064",
        "| ONLINE | PRIMARY", "| OFFLINE | -"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(text.find(story_account().password), std::string::npos) << "no secret is written down";
}

TEST(Transcripts, DifferInRowsAndNumbersAndNotInWords) {
  const Transcript a{{"0 SELECT 1", {"1"}}, {"0 X", {"! 1064 near X"}}, {"0 Y", {"~ 2 columns"}}};
  EXPECT_THAT(differences(a, parse_transcript("# said\n" + text_of(a))), IsEmpty());
  Transcript b = a;
  b[1].answer = {"! 1064 otherwise"};
  b[2].answer = {"~ no rows"};
  EXPECT_THAT(differences(a, b), IsEmpty());
  b[1].answer = {"! 1290 near X"};
  EXPECT_THAT(differences(a, b), Contains(HasSubstr("0 X: ! 1064")));
  b = a;
  b[0].answer = {"2"};
  EXPECT_THAT(differences(a, b), SizeIs(1));
  b.pop_back();
  EXPECT_THAT(differences(a, b), Contains(HasSubstr("statements are others: 0 Y")));
}

}  // namespace
}  // namespace ratchet::k8s::testing
