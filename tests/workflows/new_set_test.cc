// A group's upgrade by another StatefulSet, on a fake cluster.
#include <memory>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/testing/crash_matrix_gtest.h"
#include "tests/engine/every_way.h"
#include "tests/workflows/fake_two_sets.h"
#include "tests/workflows/one_run.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::mysql::testing {
namespace {

using engine::RunState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* from = "9.7.3";
constexpr const char* to = "9.7.4";

std::string joins(const std::string& by) {
  return "await_group\n" + by + "\nawait_member\nverify_server\n";
}

std::string retires() {
  return "protect_pod\nprepare_shutdown\nawait_group\nretire_pod\nawait_pod_ended\nunprotect_pod\n";
}

std::string whole_way(const std::string& move) {
  const std::string check = "start_image_check\nawait_image_check\nremove_image_check\n";
  return "inspect_database\ncheck_upgrade\nlook_at_database\nmake_plan\n" + check + check + check +
         "pause_database\nawait_drained\ninspect_group\n" + joins("create_new_set") +
         joins("scale_set") + joins("scale_set") + "await_group\norphan_stateful_set\n" +
         retires() + "await_group\n" + retires() + "await_group\nverify_group\n" + move +
         retires() +
         "await_group\nverify_group\ninspect_group\nend_seeding\nrecord_set\nretain_claim\n"
         "retain_claim\nretain_claim\nrecord_version\nawait_database_ready\nresume_database\n";
}

TEST(NewSet, JoinsThreeThenRetiresThreeAndHandsOverInBetween) {
  FakeTwoSets cluster(from, to);
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.steps(), whole_way("switch_primary\nprove_switch\n"));
  EXPECT_EQ(cluster.state(),
            "MySQL 9.7.4, set «my-group-1», primary my-group-1-0\n"
            "set my-group-1 image:9.7.4 of 3\n"
            "my-group-1-0 image:9.7.4\n"
            "my-group-1-1 image:9.7.4\n"
            "my-group-1-2 image:9.7.4\n"
            "data-my-group-0 is kept for a while\n"
            "data-my-group-1 is kept for a while\n"
            "data-my-group-2 is kept for a while\n"
            "create my-group-1 with image:9.7.4\n"
            "delete my-group\n"
            "end the seeding of my-group-1\n"
            "move to my-group-1-0\n"
            "pause db\n"
            "protect my-group-0\n"
            "protect my-group-1\n"
            "protect my-group-2\n"
            "record set my-group-1\n"
            "record version 9.7.4\n"
            "release my-group-0\n"
            "release my-group-1\n"
            "release my-group-2\n"
            "resume db\n"
            "retain data-my-group-0\n"
            "retain data-my-group-1\n"
            "retain data-my-group-2\n"
            "retire my-group-0\n"
            "retire my-group-1\n"
            "retire my-group-2\n"
            "scale my-group-1 to 2\n"
            "scale my-group-1 to 3\n");
  EXPECT_EQ(cluster.donors, (std::vector<std::string>{"my-group-1", "my-group-2", "my-group-0"}))
      << "copying burdens its donor: the primary is the last to ask";
}

// Red if the primary moves outside of the window, because the members took so long to fill.
TEST(NewSet, AwaitsTheNextWindowWhenFillingTookLongerThanOne) {
  FakeTwoSets cluster(from, to);
  cluster.window = "0 2 * * * 1h UTC";
  cluster.at_begin = [&](const std::string& activity) {
    const engine::Time later = engine::testing::SimulatedHost().now() + std::chrono::hours{5};
    if (activity == "scale_set") cluster.window_begins = later;
  };
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_THAT(run.steps(),
              HasSubstr("verify_server\nawait_group\nfind_window\n"        // closed
                        "await_group\nfind_window\norphan_stateful_set\n"  // open
                        "protect_pod\nprepare_shutdown\nawait_group\nretire_pod\n"));
  EXPECT_EQ(cluster.primary, "my-group-1-0");
}

TEST(NewSet, AsksForTheWindowOnceWhileItIsOpen) {
  FakeTwoSets cluster(from, to);
  cluster.window = "0 2 * * * 1h UTC";
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  std::istringstream steps(run.steps());
  int asked = 0;
  for (std::string step; std::getline(steps, step);) asked += step == "find_window" ? 1 : 0;
  EXPECT_EQ(asked, 2) << "before the pause, and before the first former member goes";
}

TEST(NewSet, HasThePrimaryStepDownOutsideOfOneLtsSeries) {
  FakeTwoSets cluster("8.4.8", "9.7.4");
  cluster.asks = false;
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(run.steps(), whole_way("fence_primary\nstep_down\nprove_switch\n"));
  EXPECT_EQ(cluster.primary, "my-group-1-0");
}

TEST(NewSet, IsNotWhatAnUpgradeInPlaceIs) {
  FakeTwoSets cluster(from, to);
  cluster.asks = false;
  cluster.refuse["inspect_group"] = {"seen", "the look at one set"};
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("the look at one set"));
  EXPECT_THAT(run.steps(), Not(HasSubstr("create_new_set")));
}

// A group has nine members at most.
TEST(NewSet, RetiresOneBeforeTheLastJoinsWhereTheGroupWouldBeTooLarge) {
  FakeTwoSets cluster(from, to, 5);
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(cluster.most, 9U);
  EXPECT_EQ(cluster.sets.at("my-group-1").replicas, 5);
  EXPECT_EQ(cluster.pods.size(), 5U);
  EXPECT_THAT(cluster.risks, IsEmpty());
}

TEST(NewSet, UpgradesAGroupOfOneToo) {
  FakeTwoSets cluster(from, to, 1);
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_EQ(cluster.primary, "my-group-1-0");
  EXPECT_EQ(cluster.pods.size(), 1U);
}

engine::testing::CrashReport matrix(const char* old,
                                    const std::function<void(FakeTwoSets&)>& fault = {},
                                    int replicas = 3) {
  engine::testing::CrashCase crash_case;
  crash_case.registry = add_workflows;
  crash_case.world = [=] {
    auto cluster = std::make_unique<FakeTwoSets>(old, to, replicas);
    if (fault) fault(*cluster);
    return cluster;
  };
  crash_case.workflow = update_version_name;
  crash_case.input = FakeTwoSets(old, to).request().SerializeAsString();
  if (!fault) engine::testing::must_not_depend_on_the_way(crash_case);
  return engine::testing::run_crash_matrix(crash_case);
}

TEST(NewSet, MakesEachWriteOnceWhereverItIsStopped) {
  const auto report = matrix(from);
  expect_survived(report);
  EXPECT_GT(report.activities, 50U);
  expect_survived(matrix("8.4.8"));
}

TEST(NewSet, ComesToTheSameEndWhereverItIsStoppedAfterAFault) {
  expect_survived(matrix(from, [](FakeTwoSets& c) { c.broken = {"my-group-1-1"}; }));
  const auto behind = [](FakeTwoSets& c) {
    c.refuse["verify_group"] = {"timeout", "a new member is behind"};
  };
  expect_survived(matrix(from, behind));
  expect_survived(matrix(from, behind, 5));
}

std::vector<std::string> names_of(const FakeTwoSets& cluster) {
  std::vector<std::string> names;
  names.reserve(cluster.pods.size());
  for (const auto& [name, pod] : cluster.pods) names.push_back(name);
  return names;
}

const std::vector<std::string> former_pods{"my-group-0", "my-group-1", "my-group-2"};

void expect_as_before(const FakeTwoSets& cluster, const std::string& where) {
  EXPECT_EQ(names_of(cluster), former_pods) << where;
  for (const auto& [name, pod] : cluster.pods) {
    EXPECT_EQ(pod.image, "image:9.7.3") << where;
    EXPECT_FALSE(pod.left || pod.is_protected || pod.deleting) << where;
  }
  EXPECT_EQ(cluster.sets.size(), 1U) << where;
  EXPECT_EQ(cluster.primary, "my-group-0") << where;
  EXPECT_EQ(cluster.version, from) << where;
  EXPECT_EQ(cluster.recorded_set, "") << where;
}

TEST(NewSet, IsUndoneWhenAMemberIsNotSeeded) {
  FakeTwoSets cluster(from, to);
  cluster.broken = {"my-group-1-1"};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("did not become ready. The upgrade was undone"));
  expect_as_before(cluster, cluster.state());
  EXPECT_EQ(cluster.claims, (std::map<std::string, bool>{{"data-my-group-1-0", false},
                                                         {"data-my-group-1-1", false}}))
      << "what was copied in vain is not kept";
  EXPECT_TRUE(cluster.paused_by.empty());
}

// The former set makes the pods of those anew that were retired.
TEST(NewSet, IsUndoneUntilThePrimaryMoves) {
  FakeTwoSets cluster(from, to);
  cluster.refuse["verify_group"] = {"timeout", "my-group-1-2 has not executed 7"};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("has not executed 7. The upgrade was undone"));
  expect_as_before(cluster, cluster.state());
  EXPECT_THAT(cluster.risks, IsEmpty());
}

// Red if all former members come back before any new one goes.
TEST(NewSet, IsUndoneWithinNineMembers) {
  FakeTwoSets cluster(from, to, 5);
  cluster.refuse["verify_group"] = {"timeout", "my-group-1-4 has not executed 7"};
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("has not executed 7. The upgrade was undone"));
  EXPECT_EQ(cluster.most, 9U);
  EXPECT_EQ(cluster.sets.size(), 1U) << cluster.state();
  EXPECT_EQ(cluster.pods.size(), 5U) << cluster.state();
  EXPECT_EQ(cluster.primary, "my-group-0");
}

// Red if room is made while a pod that was deleted is still held.
TEST(NewSet, LetsAHeldPodGoBeforeItMakesRoom) {
  FakeTwoSets cluster(from, to, 5);
  int ended = 0;
  cluster.at_begin = [&ended](const std::string& activity) {
    if (activity != "await_pod_ended" || ++ended < 2) return;
    throw Refusal{{"timeout", "the node is silent"}};
  };
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("the node is silent. The upgrade was undone"));
  EXPECT_EQ(cluster.sets.size(), 1U) << cluster.state();
  EXPECT_EQ(cluster.pods.size(), 5U) << cluster.state();
}

// Red if such a group is told to wait until it is whole, which it never is.
TEST(NewSet, IsRefusedWhereBothSetsHaveMoreMembersThanAGroupTakes) {
  FakeTwoSets cluster(from, to, 6);
  cluster.sets["my-group-1"] = {"set-2", "image:9.7.4", 5};
  const OneRun run(cluster);
  EXPECT_EQ(run.code(), "too_many_members");
  EXPECT_THAT(run.failure(), HasSubstr("has 11 members in all its StatefulSets"));
  EXPECT_THAT(run.failure(), HasSubstr("Scale StatefulSet my-group-1 to 3, member by member"));
  EXPECT_EQ(cluster.writes, (std::vector<std::string>{"pause db", "resume db"}));
}

TEST(NewSet, OnlyGoesForwardOnceThePrimaryHasMoved) {
  FakeTwoSets cluster(from, to);
  cluster.refuse["prove_switch"] = {"timeout", "my-group-0 still takes writes"};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("still takes writes. The primary may be a member of "
                                       "StatefulSet my-group-1"));
  EXPECT_EQ(cluster.pods.size(), 4U);
  EXPECT_TRUE(cluster.pods.at("my-group-0").left);
  EXPECT_EQ(cluster.recorded_set, "my-group-1") << "a set that is made anew must be this one";
  EXPECT_EQ(cluster.claims,
            (std::map<std::string, bool>{{"data-my-group-1", true}, {"data-my-group-2", true}}));
  EXPECT_EQ(cluster.version, from);

  cluster.refuse.clear();
  cluster.writes.clear();
  const OneRun second(cluster);
  EXPECT_EQ(second.state(), RunState::completed) << second.failure();
  EXPECT_EQ(cluster.version, to);
  EXPECT_EQ(cluster.pods.size(), 3U);
  EXPECT_THAT(second.steps(), Not(HasSubstr("create_new_set")));
  EXPECT_THAT(second.steps(), Not(HasSubstr("switch_primary")));
}

// Red if a former primary that stays is left to shut down as slowly as before an upgrade, and to
// write every page at once until then.
TEST(NewSet, GivesAFormerMemberThatStaysItsSettingsBack) {
  FakeTwoSets cluster(from, to);
  int retired = 0;
  cluster.at_begin = [&retired](const std::string& activity) {
    if (activity != "retire_pod" || ++retired < 3) return;
    throw Refusal{{"unavailable", "the API server takes no deletions"}};
  };
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("takes no deletions. The primary may be a member of"));
  EXPECT_THAT(run.steps(), HasSubstr("unprotect_pod\nrecord_set\nretain_claim\nretain_claim\n"
                                     "restore_settings\nresume_database\n"));
}

TEST(NewSet, AnotherRequestGoesOnWithASetThatCouldNotBeRemoved) {
  FakeTwoSets cluster(from, to);
  cluster.broken = {"my-group-1-2"};
  cluster.refuse["scale_set"] = {"gone", "the set is gone"};
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THAT(run.failure(), HasSubstr("Undoing the upgrade failed too: the set is gone"));
  EXPECT_EQ(cluster.sets.size(), 2U);

  cluster.refuse.clear();
  cluster.broken.clear();
  cluster.forget_marks();
  const OneRun second(cluster);
  EXPECT_EQ(second.state(), RunState::completed) << second.failure();
  EXPECT_EQ(cluster.sets.size(), 1U);
  EXPECT_EQ(cluster.pods.size(), 3U);
}

TEST(NewSet, IsRefusedForAnotherVersionThanTheSetThatIsThereHas) {
  FakeTwoSets cluster(from, to);
  cluster.refuse["scale_set"] = {"gone", "the set is gone"};
  const OneRun first(cluster);
  ASSERT_EQ(cluster.sets.size(), 2U);
  cluster.refuse.clear();
  cluster.sets.at("my-group-1").image = "image:9.7.9";
  const OneRun second(cluster);
  EXPECT_THAT(second.failure(), HasSubstr("Create a request for that version first"));
}

// Every step of an upgrade without faults, cancelled before it is performed and while it is.
TEST(NewSet, CancelledAtAnyStepIsUndoneOrDone) {
  FakeTwoSets undisturbed(from, to);
  std::istringstream steps(OneRun(undisturbed).steps());
  std::set<std::string> names;
  for (std::string step; std::getline(steps, step);) names.insert(step);
  int cancelled = 0;
  for (const std::string& step : names) {
    for (const bool begun : {false, true}) {
      FakeTwoSets cluster(from, to);
      const OneRun run(cluster, step, begun);
      const std::string where = step + (begun ? ", begun: " : ": ") + cluster.state();
      EXPECT_TRUE(cluster.paused_by.empty()) << where;
      EXPECT_THAT(cluster.risks, IsEmpty()) << where;
      if (cluster.version == to) {
        EXPECT_EQ(run.state(), RunState::completed) << where;
        EXPECT_EQ(cluster.primary, "my-group-1-0") << where;
      } else {
        EXPECT_EQ(run.state(), RunState::cancelled) << where;
        expect_as_before(cluster, where);
      }
      ++cancelled;
    }
  }
  EXPECT_GE(cancelled, 50) << "the steps were not enumerated";
}

TEST(NewSet, AnElectionThatNobodyAskedForIsTheHandOver) {
  FakeTwoSets cluster(from, to);
  cluster.elect_at["orphan_stateful_set"] = "my-group-1-1";
  const OneRun run(cluster);
  EXPECT_EQ(run.state(), RunState::completed) << run.failure();
  EXPECT_THAT(run.steps(), Not(HasSubstr("switch_primary")));
  EXPECT_EQ(cluster.primary, "my-group-1-1");
  EXPECT_EQ(cluster.pods.size(), 3U);
}

// There is no former primary to go back to: members of its version could not join.
TEST(NewSet, IsNotUndoneUnderAPrimaryOfTheNewSet) {
  FakeTwoSets cluster(from, to);
  cluster.elect_at["create_new_set"] = "my-group-1-0";
  cluster.broken = {"my-group-1-1"};
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("the only way is forward"));
  EXPECT_EQ(cluster.sets.size(), 2U);
  EXPECT_EQ(cluster.sets.at("my-group-1").replicas, 2);
}

TEST(NewSet, AFormerMemberThatSomebodyElseDeletesIsRetired) {
  for (const char* moment : {"orphan_stateful_set", "await_pod_ended"}) {
    FakeTwoSets cluster(from, to);
    cluster.evict_at[moment] = "my-group-2";
    const OneRun run(cluster);
    EXPECT_EQ(run.state(), RunState::completed) << moment << run.failure();
    EXPECT_EQ(cluster.pods.size(), 3U) << moment << cluster.state();
  }
}

TEST(NewSet, StopsNobodyWhenTheGroupIsNotWhole) {
  FakeTwoSets cluster(from, to);
  cluster.broken = {"my-group-2"};
  const OneRun run(cluster);
  EXPECT_THAT(run.failure(), HasSubstr("is not whole: member my-group-2 is OFFLINE"));
  EXPECT_EQ(cluster.writes, (std::vector<std::string>{"pause db", "resume db"}));
}

}  // namespace
}  // namespace ratchet::mysql::testing
