// What a former StatefulSet leaves, and who is a member while there are two.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/api/member_sets.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::Contains;
using ::testing::Not;

constexpr const char* db = "my-group";

TEST(MemberNumbers, AreReadFromThePodsName) {
  using api::member_number;
  EXPECT_EQ(member_number(db, "my-group-2"), (api::MemberNumber{0, 2}));
  EXPECT_EQ(member_number(db, "my-group-1-2"), (api::MemberNumber{1, 2}));
  for (const char* other : {"my-group", "my-group-", "my-group-x", "my-group-0-1", "other-1",
                            "my-group-1-2-3", "my-group-0-image-check"}) {
    EXPECT_EQ(member_number(db, other), std::nullopt) << other;
  }
  EXPECT_EQ((api::MemberNumber{0, 2}.server_id()), 3U);
  EXPECT_EQ((api::MemberNumber{2, 1}.server_id()), 202U);
}

class FormerSets : public ::testing::Test {
 protected:
  FormerSets() {
    world.context.group = servers.port();
    world.apply(group);
    world.settle(db);
  }
  void leave_claim(const std::string& name, const char* until) {
    Json claim = world.get(kinds::persistent_volume_claim, "data-my-group-0");
    claim["metadata"] = {{"name", name},
                         {"namespace", "demo"},
                         {"labels", claim["metadata"]["labels"]},
                         {"annotations", {{api::retain_annotation, until}}}};
    claim.erase("status");
    ASSERT_TRUE(world.run(world.client.create(kinds::persistent_volume_claim, claim)).ok());
  }

  World world;
  FakeGroup servers;
};

TEST_F(FormerSets, LeaveClaimsThatGoWhenTheirTimeIsOver) {
  leave_claim("data-my-group-5-0", "2000-01-01T00:00:00Z");
  leave_claim("data-my-group-5-1", "2999-01-01T00:00:00Z");
  leave_claim("data-my-group-5-2", "soon");
  world.pass(db);
  const auto left = world.names(kinds::persistent_volume_claim);
  EXPECT_THAT(left, Not(Contains("data-my-group-5-0")));
  EXPECT_THAT(left, Contains("data-my-group-5-1"));
  EXPECT_THAT(left, Contains("data-my-group-5-2")) << "what cannot be read deletes nothing";
  EXPECT_THAT(world.event_texts(), Contains(::testing::HasSubstr("data-my-group-5-0")));
}

// Red if the claim goes, or says for ever that it is to go: at once when its set is the former one,
// and not to whoever asks which volumes are the newest.
TEST_F(FormerSets, NeverLoseAClaimOfTheSetThatIsThere) {
  world.patch(
      kinds::persistent_volume_claim, "data-my-group-1",
      {{"metadata", {{"annotations", {{api::retain_annotation, "2000-01-01T00:00:00Z"}}}}}});
  world.pass(db);
  const Json claim = world.get(kinds::persistent_volume_claim, "data-my-group-1");
  ASSERT_FALSE(claim.is_null());
  EXPECT_FALSE(claim["metadata"].contains("deletionTimestamp"));
  const Json notes = claim.value("/metadata/annotations"_json_pointer, Json::object());
  EXPECT_FALSE(notes.contains(api::retain_annotation)) << notes;
}

// A set that is lost is made anew by the name that an upgrade has recorded: on its own volumes, not
// on those of the former one.
TEST_F(FormerSets, AreNotWhatALostSetIsMadeAnewFrom) {
  world.patch(kinds::mysql, db,
              {{"metadata", {{"annotations", {{api::set_annotation, "my-group-1"}}}}}});
  world.remove(kinds::stateful_set, db);
  world.run_cluster();
  world.pass(db);
  EXPECT_THAT(world.names(kinds::stateful_set), Contains("my-group-1"));
}

}  // namespace
}  // namespace ratchet::k8s::testing
