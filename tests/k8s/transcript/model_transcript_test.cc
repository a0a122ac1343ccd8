// The models of servers answer as the real ones did, and change their state as they did.
// Red if the model of a group takes a write on a secondary, knows a member before its server was
// told to join, or elects by anything but weight; if that of a semi-synchronous cluster takes a
// write on who is closed, lets a channel be changed that runs, or acknowledges as soon as it is
// told to and not from the next connection on.
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/adapters/run_sql.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/fake_member.h"
#include "tests/k8s/provisioner/fake_semi_sync.h"
#include "tests/k8s/transcript/replicas_story.h"
#include "tests/k8s/transcript/story.h"
#include "tests/k8s/transcript/transcript.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <class Servers>
Reply reply_of(Servers& servers, const std::string& pod, const std::string& statement) {
  Reply reply;
  try {
    for (const auto& row : servers.ask(pod, statement)) {
      reply.rows.emplace_back(row.begin(), row.end());
    }
  } catch (const sql::Error& error) {
    if (error.number() == 0) throw;
    reply.error = error.number();
    reply.words = error.what();
  }
  return reply;
}

template <class Servers>
void set(Stage& stage, Servers& servers, const std::string& name) {
  const auto pod = [name](std::size_t i) { return name + "-" + std::to_string(i); };
  stage.say = [&servers, pod](std::size_t server, const std::vector<std::string>& statements) {
    std::vector<Reply> replies;
    for (const std::string& statement : statements) {
      replies.push_back(reply_of(servers, pod(server), statement));
      if (replies.back().error != 0) break;
    }
    return replies;
  };
  for (std::size_t i = 0; i < story_members; ++i) stage.ids.push_back(id_of_pod(pod(i)));
  stage.names.emplace_back("9.7.4", "<version>");
}

Transcript told_to(FakeGroup& servers) {
  Stage stage;
  set(stage, servers, "my-group");
  for (std::size_t i = 0; i < story_members; ++i) {
    stage.names.emplace_back("my-group-" + std::to_string(i) + ".my-group-pods.demo.svc", "<host>");
  }
  return tell_story(stage);
}

boost::asio::awaitable<void> look_into(const provisioner::GroupPort& port,
                                       provisioner::ProbeTarget target,
                                       provisioner::ReplicaReport& report) {
  report = co_await port.look_at_replica(std::move(target));
}

Transcript told_to(FakeSemiSync& servers) {
  ReplicasStage stage;
  set(stage, servers, "my-semi");
  stage.look = [port = servers.port()](std::size_t server) {
    provisioner::ReplicaReport report;
    provisioner::ProbeTarget target;
    target.pod = replicas_pod(server);
    testing::run([&] { return look_into(port, target, report); });
    return report.seen.value();
  };
  stage.begin = [&servers](std::size_t server, const std::string& statement) {
    const std::string pod = replicas_pod(server);
    EXPECT_THROW(servers.ask(pod, statement), sql::Error) << "it does not wait";
    return [&servers, pod] {
      EXPECT_EQ(servers.at(pod).waiting, 0U);
      return Reply{};
    };
  };
  stage.kill = [&servers](std::size_t server) { servers.at(replicas_pod(server)).up = false; };
  return tell_replicas_story(stage);
}

TEST(ModelOfAGroup, AnswersAsRealServersDid) {
  FakeGroup servers;
  EXPECT_THAT(differences(recorded_transcript(group_recording), told_to(servers)), IsEmpty());
}

TEST(ModelOfAGroup, IsToldEveryKindOfThing) {
  FakeGroup servers;
  const std::string text = text_of(told_to(servers));
  for (const char* part :
       {"START GROUP_REPLICATION", "STOP GROUP_REPLICATION", "group_replication_bootstrap_group",
        "SET PERSIST", "RESET BINARY LOGS", "WAIT_FOR_EXECUTED_GTID_SET", "! 1290", "! 1064",
        "| ONLINE | PRIMARY", "| OFFLINE | -"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(text.find(story_account().password), std::string::npos) << "no secret is written down";
}

TEST(ModelOfASemiSynchronousCluster, AnswersAsRealServersDid) {
  FakeSemiSync servers;
  EXPECT_THAT(differences(recorded_transcript(semi_sync_recording), told_to(servers)), IsEmpty());
}

TEST(ModelOfASemiSynchronousCluster, IsToldEveryKindOfThing) {
  FakeSemiSync servers;
  const std::string text = text_of(told_to(servers));
  for (const char* part :
       {"CHANGE REPLICATION SOURCE TO", "START REPLICA SQL_THREAD", "RESET REPLICA ALL",
        "STOP REPLICA IO_THREAD", "CLONE INSTANCE", "! 1205", "! 1290", "! 3021", "! 3081",
        "| CONNECTING | ON", "receiving hears applying acknowledges acknowledging",
        "enabled on after_sync waits_alone | 2 in"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(text.find(story_account().password), std::string::npos) << "no secret is written down";
}

TEST(Transcripts, TellWhatNoRealServerWasTold) {
  EXPECT_THAT(never_recorded({"9.7.4: SELECT @@server_uuid, @@GLOBAL.gtid_executed",
                              "8.0.36: RESET MASTER", "9.7.4: SELECT @@GLOBAL.nobody_asked"},
                             {group_recording}),
              ElementsAre("SELECT @@GLOBAL.nobody_asked"));
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
