// Looks at what is remembered: what they cost, and that nothing is done from them.
#include "k8s/provisioner/quiet_checks.h"

#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/objects.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/fake_semi_sync.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s {
namespace {

namespace asio = boost::asio;
using ::testing::Contains;
using testing::FakeGroup;
using testing::FakeSemiSync;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::World;

class QuietChecks : public ::testing::Test {
 protected:
  QuietChecks() {
    world.server.on_call([this](const embedded::Call& call, const embedded::Answer&) {
      calls.push_back(std::string(embedded::verb_name(call.verb)) + " " + call.plural);
    });
    checks.set_watching("", true);
  }

  // What the look asked the API server.
  std::vector<std::string> look(const std::string& name) {
    calls.clear();
    std::exception_ptr failure;
    asio::co_spawn(world.loop(), checks.check("demo/" + name),
                   [&](const std::exception_ptr& error, const auto&) { failure = error; });
    world.loop().restart();
    world.loop().run();
    if (failure) std::rethrow_exception(failure);
    return calls;
  }
  std::string role(const std::string& pod) {
    return world.get(kinds::pod, pod)["metadata"]["labels"].value("kubedb.com/role", "-");
  }
  void take_role(const std::string& pod) {
    world.patch(kinds::pod, pod, {{"metadata", {{"labels", {{"kubedb.com/role", nullptr}}}}}});
  }
  // Nothing may be told to the servers from now on, which no watch says.
  void halt(const std::string& name) {
    world.patch(kinds::mysql, name, {{"spec", {{"halted", true}}}});
  }

  World world;
  std::vector<std::string> calls;
  provisioner::QuietChecks checks{world.context};
};

class QuietGroup : public QuietChecks {
 protected:
  static constexpr const char* db = "my-group";
  QuietGroup() {
    world.context.group = servers.port();
    world.apply(testing::group);
    world.settle(db);
    look(db);
    servers.told.clear();
  }
  FakeGroup servers;
};

class QuietSemiSync : public QuietChecks {
 protected:
  static constexpr const char* db = "my-semi";
  QuietSemiSync() {
    world.context.group = servers.port();
    world.context.now = [this] { return now; };
    world.apply(testing::semi_sync);
    world.settle(db);
    look(db);
    servers.told.clear();
  }
  FakeSemiSync servers;
  std::string now = "2026-11-23T10:00:00Z";
};

TEST_F(QuietChecks, OfAStandaloneCostRequestsOnce) {
  world.apply(testing::standalone);
  world.settle();
  EXPECT_THAT(look("my-standalone"), Contains("get mysqls"));
  const std::size_t probes = world.probes.size();
  for (int i = 0; i < 10; ++i) EXPECT_THAT(look("my-standalone"), IsEmpty());
  EXPECT_EQ(world.probes.size(), probes + 10) << "the server is asked all the same";
}

TEST_F(QuietChecks, SeeAServerThatFailsAndOneThatIsBack) {
  world.apply(testing::standalone);
  world.settle();
  look("my-standalone");
  world.answer.connect_error = "gone";
  EXPECT_THAT(look("my-standalone"), Contains("update mysqls"));
  EXPECT_EQ(world.phase(), "NotReady");
  EXPECT_EQ(world.condition("AcceptingConnection")["status"], "False");
  look("my-standalone");
  world.answer.connect_error.reset();
  look("my-standalone");
  EXPECT_EQ(world.phase(), "Ready");
}

TEST_F(QuietChecks, RememberNoLongerThanTheyMay) {
  world.context.options.remembered_for = {};
  world.apply(testing::standalone);
  world.settle();
  for (int i = 0; i < 2; ++i) EXPECT_THAT(look("my-standalone"), Contains("get mysqls"));
}

TEST_F(QuietChecks, RememberForLessWhereNobodyWatchesASecret) {
  world.context.options.unwatched_for = {};
  world.apply(testing::standalone);
  world.settle();
  look("my-standalone");
  EXPECT_THAT(look("my-standalone"), IsEmpty());
  world.patch(kinds::secret, "my-standalone-auth", {{"metadata", {{"labels", nullptr}}}});
  world.settle();
  checks.changed("demo/my-standalone");
  for (int i = 0; i < 2; ++i) EXPECT_THAT(look("my-standalone"), Contains("get secrets"));
}

TEST_F(QuietGroup, OnceReadyCostsNoRequests) {
  for (int i = 0; i < 10; ++i) EXPECT_THAT(look(db), IsEmpty());
  EXPECT_THAT(servers.told, IsEmpty());
}

TEST_F(QuietGroup, WhatAWatchTellsOfIsActedOn) {
  take_role("my-group-1");
  EXPECT_THAT(look(db), IsEmpty()) << "nobody has told yet";
  checks.changed(std::string("demo/") + db);
  EXPECT_THAT(look(db), Contains("patch pods"));
  EXPECT_EQ(role("my-group-1"), "standby");
}

TEST_F(QuietGroup, WhatIsToldDuringALookIsNotForgotten) {
  checks.changed(std::string("demo/") + db);
  const auto look_port = world.context.group.look;
  world.context.group.look = [&](provisioner::ProbeTarget target) {
    checks.changed(std::string("demo/") + db);
    return look_port(std::move(target));
  };
  look(db);
  world.context.group.look = look_port;
  take_role("my-group-1");
  look(db);
  EXPECT_EQ(role("my-group-1"), "standby");
}

TEST_F(QuietGroup, WithAWatchThatIsNotOpenEverythingIsReadLive) {
  checks.set_watching("", false);
  take_role("my-group-1");
  EXPECT_THAT(look(db), Contains("list pods"));
  EXPECT_EQ(role("my-group-1"), "standby");
}

TEST_F(QuietGroup, AnElectionIsFollowedInOneLook) {
  servers.restart("my-group-0");
  ASSERT_EQ(servers.primary(), "my-group-2");
  look(db);
  EXPECT_EQ(role("my-group-2"), "primary");
}

TEST_F(QuietGroup, WhichIsNotWellIsReadLive) {
  servers.at("my-group-0").up = false;
  for (int i = 0; i < 5; ++i) EXPECT_THAT(look(db), Contains("list pods"));
}

TEST_F(QuietGroup, SeeADiskThatIsFullAndOneThatHasRoomAgain) {
  EXPECT_THAT(look(db), IsEmpty());
  servers.at("my-group-1").no_room = "No space left on device";
  EXPECT_THAT(look(db), Contains("update mysqls"));
  look(db);
  EXPECT_THAT(look(db), IsEmpty()) << "said already, and remembered";
  EXPECT_FALSE(world.condition("DiskFull", db).is_null());
  servers.at("my-group-1").no_room.clear();
  look(db);
  EXPECT_TRUE(world.condition("DiskFull", db).is_null());
}

TEST_F(QuietGroup, StaleMemoryTellsNobodyAnything) {
  halt(db);
  servers.restart("my-group-1");
  look(db);
  EXPECT_THAT(servers.told, IsEmpty());
}

TEST_F(QuietGroup, StaleMemoryFormsNoGroup) {
  halt(db);
  for (int i = 0; i < 3; ++i) servers.restart("my-group-" + std::to_string(i));
  look(db);
  EXPECT_THAT(servers.told, IsEmpty());
  EXPECT_EQ(servers.groups_formed, 1);
  EXPECT_FALSE(world.get(kinds::mysql, db)["metadata"]
                   .value("annotations", Json::object())
                   .contains("ratchet.dev/bootstrap"));
}

// The holder is gone for long; the term has been given to another by somebody else meanwhile.
TEST_F(QuietSemiSync, StaleMemoryPromotesNobody) {
  EXPECT_THAT(look(db), IsEmpty());
  halt(db);
  servers.at("my-semi-0").up = false;
  look(db);
  now = "2026-11-23T10:01:00Z";
  look(db);
  EXPECT_THAT(servers.told, IsEmpty());
  const Json mysql = world.get(kinds::mysql, db);
  EXPECT_THAT(mysql["metadata"]["annotations"][provisioner::primary_term_annotation].dump(),
              HasSubstr("my-semi-0"));
}

TEST_F(QuietSemiSync, WhoseHolderIsGoneFailsOverInItsTime) {
  servers.at("my-semi-0").up = false;
  look(db);
  now = "2026-11-23T10:01:00Z";
  for (int i = 0; i < 20; ++i) look(db);
  EXPECT_THAT(servers.told, Not(IsEmpty()));
  EXPECT_EQ(role("my-semi-0"), "-");
}

}  // namespace
}  // namespace ratchet::k8s
