// docs/FAILURES.md, "By cause": each of its rows names what a test does, and the test is there. Red
// for a row that nobody has seen, and when a test goes that a row depends on.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace ratchet::mysql::testing {
namespace {

struct Cause {
  const char* begins;  // the row, which is told by that
  std::vector<const char*> tests;
};

// Performs every step's failing, so also one that is a cause by itself.
constexpr const char* every_step = "Failures.EndAsThePageSays";

std::vector<Cause> causes_at_the_start() {
  return {{"at the start: a blocking finding, a member is missing, errant transactions",
           {"LookBefore.BlockingFindingsEndTheRequestBeforeAnythingIsTouched",
            "GroupUpgrade.TellsWhichMemberDoesNotServeBeforeThePause",
            "GroupUpgrade.StopsNobodyWhoseGroupHasErrantTransactions",
            "UpgradeGroup.LooksAtTheVersionsThatRun",
            "UpdateVersion.DoesNotStopAServerWithPreparedTransactions",
            "UpgradeSemiSync.StopsNobodyWhoseAcknowledgementIsNeeded"}},
          {"the target's image is not the same on all nodes",
           {"PinnedUpgrade.BeginsOnlyWhereAllNodesHaveOneImage"}},
          {"a single server whose data is on ephemeral storage",
           {"EphemeralData.OfASingleServerIsNotUpgraded",
            "EphemeralData.OfASingleServerIsNotRestarted"}},
          {"a snapshot is demanded",
           {"BackupEvidence.ThatIsRequiredAndCannotBeHadIsFoundBeforeAnythingIsTouched"}},
          {"a BackupSession is under way at the start",
           {"BackupPause.IsNotTriedWhileASessionIsUnderWay",
            "Backups.ASessionThatDoesNotEndStopsTheUpgradeBeforeItTouchesAServer"}},
          {"the snapshot is refused, fails",
           {"Backups.ASnapshotThatFailsEndsTheUpgradeWhileAllCanBeUndone",
            "BackupEvidence.ThatCannotBeHadEndsTheUpgradeAndTheOldServerComesBack",
            "BackupEvidence.ThatIsDeletedByOthersIsNone"}},
          {"a backup configuration cannot be resumed",
           {"Backups.OneThatCannotBeResumedIsToldAndTheOthersAreResumed"}}};
}

std::vector<Cause> causes_in_place() {
  return {{"the tag of the target's image is moved",
           {"PinnedUpgrade.OfAStandaloneServerFailsOnAnotherImage",
            "PinnedUpgrade.OfAGroupFailsOnAnotherImageAndTouchesNoOtherMember",
            "PinnedUpgrade.ByAnotherStatefulSetIsUndoneOnAnotherImage",
            "PinnedImage.OfATagThatIsMovedAfterThePlanFailsTheRun"}},
          {"the same, of a member that somebody else had made anew",
           {"PinnedUpgrade.OfAGroupLooksAtTheImagesOfAllInTheEnd"}},
          {"cluster: somebody else had a pod made",
           {"UpgradeGroup.IsNotUndoneUnderAMemberThatSomebodyElseHasReplaced",
            "UpgradeGroup.AnotherRequestGoesOnWithTheMembersThatAreLeft"}},
          {"cluster: the second or a later member",
           {"UpgradeGroup.OnlyGoesForwardOnceAVolumeWasOpenedAndTheOthersServe",
            "UpgradeGroup.TouchesNoOtherMemberWhenOneDoesNotComeBack"}},
          {"cluster: the primary cannot be moved",
           {"UpgradeGroup.SaysSoWhenThePrimaryDoesNotStay", every_step}},
          {"semi-synchronous: the provisioner does not move the primary",
           {"UpgradeSemiSync.WithdrawsAHandOverThatNobodyMakes"}},
          {"semi-synchronous: the successor is lost",
           {"UpgradeSemiSync.AsksAgainWhenTheProvisionerGaveTheMoveUp",
            "SemiSyncUpgrade.GoesOnWhenTheSuccessorIsLostInTheMiddleOfTheMove"}},
          {"cluster: cancelled after a volume was released",
           {"UpgradeGroup.CancelledAtAnyStepLeavesTheGroupWhole"}}};
}

std::vector<Cause> causes_beside() {
  return {
      {"another StatefulSet: its name is taken", {"NewSetUpgrade.IsRefusedBesideASetOfThatName"}},
      {"another StatefulSet: a new member is not filled",
       {"NewSet.IsUndoneWhenAMemberIsNotSeeded"}},
      {"another StatefulSet: a new member has not executed",
       {"NewSet.IsUndoneUntilThePrimaryMoves"}},
      {"another StatefulSet: somebody else ends a former member",
       {"NewSet.AFormerMemberThatSomebodyElseDeletesIsRetired",
        "NewSet.AnElectionThatNobodyAskedForIsTheHandOver"}},
      {"another StatefulSet, semi-synchronous: the provisioner does not move the primary",
       {"SemiSyncNewSet.IsUndoneWhenThePrimaryIsNotMoved", "SemiSyncNewSet.ButNotForEver"}},
      {"another StatefulSet, semi-synchronous: a commit waits for more replicas",
       {"SemiSyncNewSet.IsRefusedWhereTooFewNewMembersHaveRoom"}},
      {"another StatefulSet, semi-synchronous: somebody else deletes a former replica",
       {"SemiSyncNewSet.AFormerReplicaThatSomebodyElseDeletesWithItsVoteComesBack"}},
      {"another StatefulSet, semi-synchronous, five members or more",
       {"SemiSyncNewSet.OfFiveOnlyGoesForwardOnceTheFormerOnesHaveNoRoom"}},
      {"another StatefulSet: undoing fails",
       {"NewSet.AnotherRequestGoesOnWithASetThatCouldNotBeRemoved", every_step}}};
}

std::vector<Cause> causes_of_restarts_and_scalings() {
  return {
      {"restart, at the start: members are missing",
       {"RestartGroup.StopsNobodyWhenTheGroupIsNotWholeOrTooSmall",
        "RestartGroup.IsRefusedWhereItWouldChangeAVersionAndForOtherTopologies"}},
      {"restart: a server did not end cleanly",
       {"Restart.StartsAServerAgainThatDidNotEndCleanlyAndSaysSo",
        "RestartGroup.EndsBehindAMemberThatDidNotEndCleanly"}},
      {"restart: somebody else deleted a pod",
       {"Restart.DoesNotRestartAPodThatSomebodyElseHasReplaced",
        "RestartGroup.DoesNotRestartAMemberThatSomebodyElseHasReplaced"}},
      {"restart: cancelled after a pod's deletion",
       {"Restart.CancelledAtAnyStepLeavesTheServerServing",
        "RestartGroup.CancelledInAMembersTurnEndsBehindIt"}},
      {"horizontal: a new member does not come in",
       {"HorizontalScaling.TakesAMemberBackThatDoesNotComeInAndKeepsTheOthers"}},
      {"horizontal: the server of a leaving member",
       {"HorizontalScaling.SaysWhatIsLeftOfAMemberThatDidNotEndCleanly"}},
      {"horizontal: somebody else deletes the member",
       {"HorizontalScaling.LooksAnewWhenSomebodyElseDeletesTheMember"}},
      {"vertical: a pod cannot be prepared", {every_step}},
      {"vertical: no node has room", {"VerticalScaling.StartsAServerAsItWasThatNoNodeHasRoomFor"}},
      {"vertical: a server started with the new resources",
       {"VerticalScaling.LeavesAServerAloneThatStartedAndDoesNotServe"}}};
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The first cell of each row of the section.
std::vector<std::string> rows_by_cause() {
  std::istringstream page(text_of(FAILURES_PAGE));
  std::vector<std::string> rows;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) inside = line == "## By cause";
    const bool heads = line.starts_with("| cause of ") || line.starts_with("|---");
    if (!inside || heads || !line.starts_with("| ")) continue;
    rows.push_back(line.substr(2, line.find(" | ") - 2));
  }
  return rows;
}

// "Suite.Name" of the tests of workflows and of the operator.
std::set<std::string> all_tests() {
  static const std::regex heading(R"re(TEST\((\w+),\s*(\w+)\))re");
  const auto root = std::filesystem::path(FAILURES_PAGE).parent_path().parent_path();
  std::set<std::string> tests;
  for (const char* folder : {"tests/workflows", "tests/k8s/operator"}) {
    for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
      if (entry.path().extension() != ".cc") continue;
      const std::string code = text_of(entry.path());
      for (std::sregex_iterator at(code.begin(), code.end(), heading), end; at != end; ++at) {
        tests.insert((*at)[1].str() + "." + (*at)[2].str());
      }
    }
  }
  return tests;
}

TEST(FailureCauses, EachHasItsTests) {
  std::vector<Cause> causes;
  for (auto* part :
       {causes_at_the_start, causes_in_place, causes_beside, causes_of_restarts_and_scalings}) {
    for (Cause& cause : part()) causes.push_back(std::move(cause));
  }
  const std::vector<std::string> rows = rows_by_cause();
  const std::set<std::string> tests = all_tests();
  for (const Cause& cause : causes) {
    const auto told = std::ranges::count_if(
        rows, [&](const std::string& row) { return row.starts_with(cause.begins); });
    EXPECT_EQ(told, 1) << "rows that begin: " << cause.begins;
    for (const std::string test : cause.tests) {
      EXPECT_TRUE(tests.contains(test)) << "there is no test " << test << ": " << cause.begins;
    }
  }
  for (const std::string& row : rows) {
    const auto known = std::ranges::count_if(
        causes, [&](const Cause& cause) { return row.starts_with(cause.begins); });
    EXPECT_EQ(known, 1) << "tests are named for this row: " << row;
  }
}

}  // namespace
}  // namespace ratchet::mysql::testing
