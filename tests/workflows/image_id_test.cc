// What is proved: the plan has the digest that the nodes have for the target's image, nodes that
// differ stop an upgrade before it begins, and a server that was started from another image than
// the plan's ends it. Each test says what turns it red.
#include "workflows/mysql/image_id.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/fake_group_cluster.h"
#include "tests/workflows/fake_two_sets.h"
#include "tests/workflows/one_run.h"
#include "workflows/mysql/plan.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* manifest_a = "docker.io/library/mysql@sha256:aa";
constexpr const char* manifest_b = "docker.io/library/mysql@sha256:bb";
constexpr const char* config_c = "sha256:cc";

NodeImage on_node(const std::string& name, const std::string& reported) {
  return {"db-" + name, "node-" + name, image_id_of(reported)};
}

// Red if a reference without a digest is taken for one, or the two kinds for the same.
TEST(ImageIds, AreReadFromWhatAKubeletReports) {
  EXPECT_EQ(image_id_of(manifest_a).digest(), "sha256:aa");
  EXPECT_FALSE(image_id_of(manifest_a).of_config());
  EXPECT_EQ(image_id_of(config_c).digest(), "sha256:cc");
  EXPECT_TRUE(image_id_of(config_c).of_config());
  EXPECT_TRUE(image_id_of("docker://sha256:cc").of_config());
  EXPECT_FALSE(is_known(image_id_of("docker.io/library/mysql:9.7.4")));
  EXPECT_FALSE(is_known(image_id_of("")));
  EXPECT_TRUE(names_digest("mysql:9.7.4@sha256:aa"));
  EXPECT_FALSE(names_digest("mysql:9.7.4"));
}

// Red if what is not known, or of the other kind, is held against anybody.
TEST(ImageIds, DifferOnlyWhereTheyCanBeCompared) {
  EXPECT_TRUE(are_different(image_id_of(manifest_a), image_id_of(manifest_b)));
  EXPECT_TRUE(are_different(image_id_of(config_c), image_id_of("sha256:dd")));
  EXPECT_FALSE(are_different(image_id_of(manifest_a), image_id_of("mirror/mysql@sha256:aa")));
  EXPECT_FALSE(are_different(image_id_of(manifest_a), image_id_of(config_c)));
  EXPECT_FALSE(are_different(image_id_of(manifest_a), ImageId{}));
  EXPECT_FALSE(are_different(ImageId{}, image_id_of(manifest_a)));
}

TEST(NodeImages, ThatAreOneAreNoFinding) {
  EXPECT_THAT(judge_images("mysql:9.7.4", {on_node("0", manifest_a), on_node("1", manifest_a)}),
              IsEmpty());
  EXPECT_THAT(judge_images("mysql:9.7.4", {on_node("0", manifest_a), on_node("1", "")}), IsEmpty());
  EXPECT_THAT(judge_images("mysql:9.7.4", {}), IsEmpty());
}

// Red if a finding does not say who has what, and what to do.
TEST(NodeImages, ThatDifferBlock) {
  const auto found =
      judge_images("mysql:9.7.4",
                   {on_node("0", manifest_a), on_node("1", manifest_b), on_node("2", manifest_a)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].severity(), BLOCKING);
  EXPECT_EQ(found[0].check(), "image-digest");
  EXPECT_EQ(found[0].pod(), "db-1");
  EXPECT_THAT(found[0].what(), HasSubstr("node node-1 (pod db-1) has sha256:bb"));
  EXPECT_THAT(found[0].what(), HasSubstr("node node-0 (pod db-0) has sha256:aa"));
  for (const char* way : {"NAME@sha256:bb", "crictl rmi mysql:9.7.4", "imagePullPolicy: Always"}) {
    EXPECT_THAT(found[0].fix(), HasSubstr(way));
  }
  const auto imported =
      judge_images("mysql:9.7.4", {on_node("0", config_c), on_node("1", "sha256:dd")});
  ASSERT_EQ(imported.size(), 1U);
  EXPECT_EQ(imported[0].severity(), BLOCKING);
  EXPECT_THAT(imported[0].fix(), HasSubstr("import the image that is meant"));
}

// Red if the digest of an imported image is held against that of a pulled one.
TEST(NodeImages, OfWhichOneWasImportedAreAWarning) {
  const std::vector<NodeImage> seen{on_node("0", config_c), on_node("1", manifest_a)};
  const auto found = judge_images("mysql:9.7.4", seen);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].severity(), WARNING);
  EXPECT_EQ(found[0].pod(), "db-0");
  EXPECT_EQ(common_id(seen).digest(), "sha256:aa");
}

// Red if a plan that the catalogue pins has what a node says, or the summary no digest.
TEST(PinnedPlan, HasTheCataloguesDigestOrElseTheNodes) {
  MakePlan in;
  in.set_target_image("mysql:9.7.4");
  EXPECT_EQ(plan_of(in).target_digest(), "");
  EXPECT_THAT(short_text(plan_of(in)), Not(HasSubstr("Image: ")));
  const std::string unpinned = plan_hash(plan_of(in));
  *in.mutable_target_id() = image_id_of(manifest_a);
  EXPECT_EQ(plan_of(in).target_digest(), "sha256:aa");
  EXPECT_FALSE(plan_of(in).digest_of_config());
  EXPECT_NE(plan_hash(plan_of(in)), unpinned) << "an approval is of the image too";
  EXPECT_THAT(short_text(plan_of(in)), HasSubstr(". Image: sha256:aa"));
  *in.mutable_target_id() = image_id_of(config_c);
  EXPECT_TRUE(plan_of(in).digest_of_config());
  in.set_target_image("mysql:9.7.4@sha256:0f");
  EXPECT_EQ(plan_of(in).target_digest(), "sha256:0f");
  EXPECT_FALSE(plan_of(in).digest_of_config());
}

// Red if the digest does not get from the nodes into the plan, or from there to who looks at the
// servers.
template <class Cluster>
void expect_pinned(Cluster& cluster) {
  cluster.image_ids[""] = manifest_a;
  cluster.started_id = manifest_a;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.plan().target_digest(), "sha256:aa");
  EXPECT_EQ(cluster.pinned, std::set<std::string>{"sha256:aa"});
}

TEST(PinnedUpgrade, HasItsDigestInThePlan) {
  FakeCluster standalone("11.8.5", "11.8.6");
  expect_pinned(standalone);
  FakeGroupCluster group("9.7.3", "9.7.4");
  expect_pinned(group);
  FakeGroupCluster semi("9.7.3", "9.7.4");
  semi.topology = semi_sync;
  expect_pinned(semi);
  FakeTwoSets sets("9.7.3", "9.7.4");
  expect_pinned(sets);
}

// Red if anything is asked for that nobody knows: another plan, or a digest of a server.
TEST(PinnedUpgrade, IsAsBeforeWhereNoNodeTellsADigest) {
  FakeCluster cluster("11.8.5", "11.8.6");
  cluster.image_ids[""] = "docker.io/library/mariadb:11.8.6";
  cluster.started_id = manifest_b;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.plan().target_digest(), "");
  EXPECT_THAT(cluster.pinned, IsEmpty());
  const std::string steps = run.steps();
  EXPECT_EQ(steps.find("make_plan"), steps.rfind("make_plan")) << steps;
}

// Red if nodes with two images by one name are let through.
TEST(PinnedUpgrade, BeginsOnlyWhereAllNodesHaveOneImage) {
  FakeGroupCluster cluster("9.7.3", "9.7.4");
  cluster.image_ids = {{"", manifest_a}, {"my-group-2", manifest_b}};
  const OneRun run(cluster);
  EXPECT_EQ(run.code(), "preflight");
  EXPECT_THAT(run.failure(), HasSubstr("blocking image-digest (my-group-2): by the name "
                                       "image:9.7.4 node node-of-my-group-2 (pod my-group-2) has "
                                       "sha256:bb, and node node-of-my-group-0"));
  EXPECT_THAT(run.failure(), HasSubstr("Fix: name the image in the MySQLVersion by the digest"));
  EXPECT_THAT(cluster.writes, IsEmpty());
  EXPECT_THAT(cluster.image_checks, ::testing::IsEmpty());
}

// Red if what cannot be compared stops an upgrade, or nobody is told.
TEST(PinnedUpgrade, SaysWhichNodesCannotBeCompared) {
  FakeGroupCluster cluster("9.7.3", "9.7.4");
  cluster.image_ids = {{"", manifest_a}, {"my-group-2", config_c}};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  const Plan plan = run.plan();
  ASSERT_EQ(plan.findings_size(), 1);
  EXPECT_EQ(plan.findings(0).check(), "image-digest");
  EXPECT_EQ(plan.findings(0).severity(), WARNING);
}

// The tag is moved once the plan stands: when `step` begins.
template <class Cluster>
void move_tag_at(Cluster& cluster, const std::string& step) {
  cluster.image_ids[""] = manifest_a;
  cluster.started_id = manifest_a;
  cluster.at_begin = [&cluster, step](const std::string& begun) {
    if (begun == step) cluster.started_id = manifest_b;
  };
}

// Red if a server from another image than the plan's passes for the target.
TEST(PinnedUpgrade, OfAStandaloneServerFailsOnAnotherImage) {
  FakeCluster cluster("11.8.5", "11.8.6");
  move_tag_at(cluster, "release_volume");
  const OneRun run(cluster);
  EXPECT_EQ(run.code(), "other_image");
  EXPECT_THAT(run.failure(), HasSubstr("the only way is forward. Next: "));
  EXPECT_EQ(cluster.version, "11.8.5") << "nobody has said that it is upgraded";
  EXPECT_EQ(cluster.paused_by, "");
}

TEST(PinnedUpgrade, OfAGroupFailsOnAnotherImageAndTouchesNoOtherMember) {
  FakeGroupCluster cluster("9.7.3", "9.7.4");
  move_tag_at(cluster, "release_volume");
  const OneRun run(cluster);
  EXPECT_EQ(run.code(), "other_image");
  EXPECT_THAT(run.failure(), HasSubstr("the only way is forward"));
  EXPECT_EQ(cluster.image(0), "image:9.7.3");
  EXPECT_EQ(cluster.image(1), "image:9.7.4");
  EXPECT_EQ(cluster.image(2), "image:9.7.3");
}

TEST(PinnedUpgrade, ByAnotherStatefulSetIsUndoneOnAnotherImage) {
  FakeTwoSets cluster("9.7.3", "9.7.4");
  move_tag_at(cluster, "create_new_set");
  const OneRun run(cluster);
  EXPECT_EQ(run.code(), "other_image");
  EXPECT_THAT(run.failure(), HasSubstr("The upgrade was undone"));
  EXPECT_EQ(cluster.primary, "my-group-0");
}

// Somebody else's restart is nobody's turn: it is looked at in the end. Red if that look does not
// ask for the image.
TEST(PinnedUpgrade, OfAGroupLooksAtTheImagesOfAllInTheEnd) {
  FakeGroupCluster cluster("9.7.3", "9.7.4");
  move_tag_at(cluster, "verify_group");
  const OneRun run(cluster);
  EXPECT_EQ(run.code(), "other_image");
  EXPECT_THAT(run.failure(), HasSubstr("the only way is forward"));
  EXPECT_EQ(cluster.version, "9.7.3");

  FakeTwoSets sets("9.7.3", "9.7.4");
  move_tag_at(sets, "verify_group");  // before the primary moves
  const OneRun early(sets);
  EXPECT_EQ(early.code(), "other_image");
  EXPECT_THAT(early.failure(), HasSubstr("The upgrade was undone"));

  FakeTwoSets moved("9.7.3", "9.7.4");
  move_tag_at(moved, "prove_switch");
  const OneRun late(moved);
  EXPECT_EQ(late.code(), "other_image");
  EXPECT_THAT(late.failure(), HasSubstr("The primary may be a member of StatefulSet"));
}

}  // namespace
}  // namespace ratchet::mysql::testing
