// A server whose disk is full: told once, with its pod, and taken back.
#include "k8s/provisioner/full_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/fake_semi_sync.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FakeGroup;
using testing::FakeSemiSync;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using testing::World;

constexpr const char* waits =
    "Disk is full writing './binlog.000006' (OS errno 28 - No space left on device)";

class DiskOf : public ::testing::Test {
 protected:
  // The message of the condition; empty without it.
  std::string told(const char* name) {
    const Json condition = world.condition("DiskFull", name);
    if (condition.is_null()) return "";
    EXPECT_EQ(condition.value("status", ""), "True");
    return condition.value("message", "");
  }
  std::vector<std::string> events() {
    std::vector<std::string> about_disks;
    for (const std::string& text : world.event_texts()) {
      if (text.starts_with("Disk")) about_disks.push_back(text);
    }
    return about_disks;
  }

  World world;
};

class DiskOfGroup : public DiskOf {
 protected:
  static constexpr const char* db = "my-group";
  DiskOfGroup() {
    world.context.group = servers.port();
    world.apply(testing::group);
    world.settle(db);
  }
  FakeGroup servers;
};

TEST_F(DiskOfGroup, IsToldWithItsPodAndWhatToDoUntilThereIsRoom) {
  EXPECT_EQ(told(db), "");
  servers.at("my-group-2").no_room = waits;
  world.check(db);
  EXPECT_THAT(told(db), AllOf(StartsWith("no room on the disk of my-group-2: "), HasSubstr(waits),
                              HasSubstr("expand the volume")));
  EXPECT_EQ(world.phase(db), "Ready") << "the group serves all the same";
  EXPECT_THAT(events(), ElementsAre("DiskFull: " + told(db)));

  servers.at("my-group-2").no_room.clear();
  world.check(db);
  EXPECT_EQ(told(db), "");
  EXPECT_THAT(events(), ElementsAre(HasSubstr(waits), StartsWith("DiskHasRoom: ")));
}

TEST_F(DiskOfGroup, IsToldOnceWhateverItsServerSaysNext) {
  servers.at("my-group-2").no_room = waits;
  world.check(db);
  const std::string first = told(db);
  servers.at("my-group-2").no_room = "The relay log cannot be written either";
  std::vector<std::string> writes;
  world.faults.on_write = [&](const embedded::Call& call) {
    writes.push_back(call.plural);
    return embedded::Fault::none;
  };
  world.check(db);
  EXPECT_THAT(writes, IsEmpty());
  EXPECT_EQ(told(db), first);

  servers.at("my-group-1").no_room = waits;
  world.check(db);
  EXPECT_THAT(told(db), StartsWith("no room on the disk of my-group-1, my-group-2: "));
  EXPECT_THAT(events(), SizeIs(2));
}

TEST_F(DiskOfGroup, StaysToldWhileItsServerSaysNothingAtAll) {
  servers.at("my-group-2").no_room = waits;
  world.check(db);
  const std::string first = told(db);
  servers.at("my-group-2").up = false;
  world.check(db);
  EXPECT_EQ(told(db), first);
  servers.at("my-group-2").up = true;
  servers.at("my-group-2").no_room.clear();
  world.check(db);
  EXPECT_EQ(told(db), "");
}

TEST_F(DiskOfGroup, IsForgottenWhenTheDatabaseIsHalted) {
  servers.at("my-group-2").no_room = waits;
  world.check(db);
  ASSERT_NE(told(db), "");
  world.patch(kinds::mysql, db, {{"spec", {{"halted", true}, {"deletionPolicy", "Halt"}}}});
  world.settle(db);
  EXPECT_EQ(world.phase(db), "Halted");
  EXPECT_EQ(told(db), "");
}

TEST_F(DiskOf, ASemiSynchronousMemberIsTold) {
  constexpr const char* db = "my-semi";
  FakeSemiSync servers;
  world.context.group = servers.port();
  world.apply(testing::semi_sync);
  world.settle(db);
  EXPECT_EQ(told(db), "");
  servers.at("my-semi-0").no_room = waits;
  world.check(db);
  EXPECT_THAT(told(db), StartsWith("no room on the disk of my-semi-0: "));
  servers.at("my-semi-0").no_room.clear();
  world.check(db);
  EXPECT_EQ(told(db), "");
  EXPECT_THAT(events(), SizeIs(2));
}

TEST_F(DiskOf, AStandaloneServerIsToldAndKeptWhileItIsNotReached) {
  constexpr const char* db = "my-standalone";
  world.apply(testing::standalone);
  world.settle();
  EXPECT_EQ(told(db), "");
  world.answer.no_room = waits;
  world.check();
  EXPECT_THAT(told(db), StartsWith("no room on the disk of my-standalone-0: "));
  world.answer.no_room.clear();
  world.answer.connect_error = "connection refused";
  world.check();
  EXPECT_THAT(told(db), HasSubstr(waits)) << "it may not be able to start without room";
  world.answer.connect_error.reset();
  world.check();
  EXPECT_EQ(told(db), "");
}

}  // namespace
}  // namespace ratchet::k8s
