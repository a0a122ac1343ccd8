// Upgrades between releases that nobody has images of here: the whole product, its servers models
// that understand what their release does, start on the files that it starts on, and let into a
// group whom it lets in. What those of a group answer is compared with real servers in
// tests/k8s/transcript. Red if any step says what its server does not know, or what no real one was
// ever told, or writes what the log has no intent for.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/api/primary_term.h"
#include "tests/k8s/operator/cluster_world.h"
#include "tests/k8s/provisioner/fake_group.h"
#include "tests/k8s/provisioner/fake_member.h"
#include "tests/k8s/provisioner/fake_semi_sync.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/server_dialect.h"
#include "tests/k8s/transcript/transcript.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Pair {
  const char* from;
  const char* to;
};

std::string of_catalogue(const std::string& version) {
  return "---\n"
         "apiVersion: catalog.kubedb.com/v1alpha1\n"
         "kind: MySQLVersion\n"
         "metadata: {name: \"" +
         version +
         "\"}\n"
         "spec:\n"
         "  version: \"" +
         version +
         "\"\n"
         "  distribution: Official\n"
         "  db: {image: \"docker.io/library/mysql:" +
         version + "\"}\n";
}

// With all releases in the catalogue; the database runs `version`.
std::string at_version(std::string manifest, const std::string& version) {
  const std::string key = "version: \"";
  const auto begin = manifest.find(key) + key.size();
  manifest.replace(begin, manifest.find('"', begin) - begin, version);
  std::string catalogue;
  for (const char* each : {"5.7.44", "8.0.22", "8.0.28", "8.0.36", "8.4.8", "8.4.9", "9.7.4"}) {
    catalogue += of_catalogue(each);
  }
  return catalogue + "---" + manifest;
}

std::string version_in(const Json& pod, const char* path) {
  const std::string image = pod.value(Json::json_pointer(path), "");
  return image.substr(image.rfind(':') + 1);
}

void expect_all_recorded(OpsWorld& ops) {
  EXPECT_FALSE(ops.written().empty());
  EXPECT_THAT(unmatched(ops.written(), ops.log()), IsEmpty());
}

// A standalone server on a volume.
struct SimulatedServer {
  explicit SimulatedServer(const std::string& version)
      : running(version),
        files(version),
        ops({.manifest = at_version(standalone, version),
             .name = "my-standalone",
             .answers = [this](const std::string&,
                               const std::string& statement) { return answer(statement); },
             .follow = [this] { follow(); },
             .version = version}) {}

  SqlRows answer(const std::string& statement) {
    const std::string line = on_one_line(statement);
    if (const auto refusal = misunderstood(line, running)) {
      refused.insert(running + ": " + line);
      throw sql::Error(refusal->number, refusal->words);
    }
    understood.insert(running + ": " + line);
    if (line.starts_with("SET GLOBAL innodb_fast_shutdown")) slow = line.ends_with("= 0");
    if (line.starts_with("SELECT table_schema")) return {{"shop", "orders"}};
    return answer_of_any(line).value_or(SqlRows{});
  }

  // A container that runs is a server only if it opens the files. Of another series it opens only
  // those that were shut down slowly.
  void follow() {
    const Json pod = ops.world.get(kinds::pod, "my-standalone-0");
    ops.world.answer.connect_error = "connection refused";
    if (!pod.contains("/status/containerStatuses/0/state/running"_json_pointer)) return;
    running = version_in(pod, "/spec/containers/0/image");
    const bool same_series = running.substr(0, 3) == files.substr(0, 3);
    if (running != files && (!opens_files_of(files, running) || (!same_series && !slow))) {
      refused.insert(running + " ends: it does not open the files of " + files);
      return;
    }
    if (running != files) {
      opened.push_back(running);
      slow = false;
    }
    files = running;
    ops.world.answer.version = running;
    ops.world.answer.connect_error.reset();
  }

  std::string running;  // the version of the server
  std::string files;    // the version that had them open last
  bool slow = false;    // innodb_fast_shutdown is 0
  std::set<std::string> understood;
  std::set<std::string> refused;    // what no server of its version does
  std::vector<std::string> opened;  // versions that took the files over
  OpsWorld ops;
};

// "5_7_44_to_8_0_36", for the names of tests.
template <class Way>
std::string name_of_way(const ::testing::TestParamInfo<Way>& info) {
  std::string name = std::string(info.param.from) + "_to_" + info.param.to;
  std::ranges::replace(name, '.', '_');
  return name;
}

class SimulatedStandalone : public ::testing::TestWithParam<Pair> {};

TEST_P(SimulatedStandalone, GoesToTheNextRelease) {
  const auto [from, to] = GetParam();
  SimulatedServer server(from);
  ASSERT_EQ(server.ops.world.phase(), "Ready");
  server.ops.request("my-upgrade", to);
  server.ops.finish("my-upgrade");
  EXPECT_EQ(server.ops.phase_of("my-upgrade"), "Successful")
      << server.ops.message_of("my-upgrade", "Failed");
  EXPECT_THAT(server.refused, IsEmpty());
  EXPECT_THAT(never_recorded(server.understood, {group_recording}), IsEmpty());
  expect_all_recorded(server.ops);
  EXPECT_THAT(server.opened, ElementsAre(to));
  EXPECT_EQ(server.running, to);
  EXPECT_EQ(server.ops.world.get(kinds::mysql, "my-standalone")["spec"]["version"], to);
  EXPECT_EQ(server.ops.world.get(kinds::persistent_volume_claim, "data-my-standalone-0")
                .value("/metadata/annotations/ratchet.dev~1server-version"_json_pointer, ""),
            to);
}

INSTANTIATE_TEST_SUITE_P(Pairs, SimulatedStandalone,
                         ::testing::Values(Pair{"5.7.44", "8.0.36"}, Pair{"8.0.28", "8.0.36"},
                                           Pair{"8.0.36", "8.4.8"}, Pair{"8.4.8", "9.7.4"}),
                         name_of_way<Pair>);

struct Closed {
  const char* from;
  const char* to;
  const char* words;
};

// Red if the routines are not counted, or make no difference to the estimate.
TEST(SimulatedRoutines, AreInTheEstimateAndAreToldOf) {
  SimulatedServer server("8.0.28");
  server.ops.planted["SELECT COUNT(*) FROM information_schema.ROUTINES"] = {{"250000"}};
  server.ops.request("my-upgrade", "8.0.36");
  server.ops.finish("my-upgrade");
  const std::string planned = server.ops.message_of("my-upgrade", "Planned");
  EXPECT_THAT(planned, HasSubstr("an outage of about 300 s"));
  EXPECT_THAT(planned, HasSubstr("info routines: there are 200000 routines or more"));
}

class SimulatedWay : public ::testing::TestWithParam<Closed> {};

TEST_P(SimulatedWay, IsClosedWithTheStationsThatAreOpen) {
  const auto [from, to, words] = GetParam();
  SimulatedServer server(from);
  server.ops.request("my-upgrade", to);
  server.ops.finish("my-upgrade");
  EXPECT_EQ(server.ops.phase_of("my-upgrade"), "Failed");
  EXPECT_THAT(server.ops.message_of("my-upgrade", "Failed"), HasSubstr(words));
  EXPECT_TRUE(server.ops.writes().empty()) << "not even paused";
  EXPECT_FALSE(opens_files_of(from, to)) << "the server itself would have opened the files";
}

INSTANTIATE_TEST_SUITE_P(
    Pairs, SimulatedWay,
    ::testing::Values(Closed{"5.7.44", "8.4.8", "Allowed: 5.7 -> 8.0 -> 8.4"},
                      Closed{"5.7.44", "9.7.4", "Allowed: 5.7 -> 8.0 -> 8.4 -> 9.7"},
                      Closed{"8.0.36", "9.7.4", "Allowed: 8.0 -> 8.4 -> 9.7"},
                      Closed{"8.4.8", "8.0.36", "does not open files of a newer version"}),
    name_of_way<Closed>);

// A group whose servers are of the release that their pods' images name. A pod of another
// StatefulSet finds its volume filled, as its init container would have left it.
struct SimulatedGroup : ClusterWorld<FakeGroup> {
  explicit SimulatedGroup(const std::string& version)
      : ClusterWorld(at_version(group, version).c_str(), "my-group", FakeGroup(version)) {
    servers.write();
    for (int i = 0; i < 3; ++i) follow_too(pod_name("my-group-1", i));
    at_each_round = [this] { follow_images(); };
  }

  void follow_images() {
    for (const std::string& name : ops.world.names(kinds::pod)) {
      const std::string version =
          version_in(ops.world.get(kinds::pod, name), "/spec/containers/1/image");
      if (version.empty()) continue;
      servers.at(name).version = version;
      if (name.starts_with("my-group-1-") && filled_.insert(name).second) servers.fill(name);
    }
  }

  std::string version(const std::string& pod) { return servers.at(pod).version; }
  void expect_nothing_unrecorded() {
    EXPECT_THAT(servers.refused, IsEmpty());
    EXPECT_THAT(never_recorded(servers.understood, {group_recording}), IsEmpty());
    expect_all_recorded(ops);
  }

 private:
  std::set<std::string> filled_;
};

class SimulatedGroups : public ::testing::TestWithParam<Pair> {};

// By another StatefulSet, its primary elected.
TEST_P(SimulatedGroups, GoToAnotherSeries) {
  const auto [from, to] = GetParam();
  SimulatedGroup world(from);
  ASSERT_EQ(world.ops.world.phase("my-group"), "Ready");
  world.ops.request("my-upgrade", to);
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful")
      << world.ops.message_of("my-upgrade", "Failed");
  world.expect_nothing_unrecorded();
  // Only a group that was formed before 8.0.27 speaks an older protocol than the target.
  const std::string planned = world.ops.message_of("my-upgrade", "Planned");
  const bool told = planned.find("info communication-protocol: the group") != std::string::npos;
  EXPECT_EQ(told, from == std::string("8.0.22")) << planned;
  EXPECT_THAT(world.ops.world.names(kinds::stateful_set), ElementsAre("my-group-1"));
  for (int i = 0; i < 3; ++i) {
    const std::string pod = SimulatedGroup::pod_name("my-group-1", i);
    EXPECT_EQ(world.version(pod), to);
    EXPECT_TRUE(world.servers.serves(pod));
  }
  EXPECT_EQ(world.servers.switches, 0) << "no server lets a newer member lead by order";
  EXPECT_THAT(world.servers.primary(), StartsWith("my-group-1-"));
  EXPECT_EQ(world.servers.groups_formed, 1) << "it was never without a majority";
  EXPECT_GE(world.fewest(), 3);
  EXPECT_EQ(world.ops.world.get(kinds::mysql, "my-group")["spec"]["version"], to);
}

INSTANTIATE_TEST_SUITE_P(Pairs, SimulatedGroups,
                         ::testing::Values(Pair{"8.0.22", "8.0.36"}, Pair{"8.0.36", "8.4.8"},
                                           Pair{"8.4.8", "9.7.4"}),
                         name_of_way<Pair>);

TEST(SimulatedGroupOfOneLtsSeries, IsUpgradedInPlace) {
  SimulatedGroup world("8.4.8");
  world.ops.request("my-upgrade", "8.4.9");
  world.ops.finish("my-upgrade");
  EXPECT_EQ(world.ops.phase_of("my-upgrade"), "Successful")
      << world.ops.message_of("my-upgrade", "Failed");
  world.expect_nothing_unrecorded();
  EXPECT_THAT(world.ops.world.names(kinds::stateful_set), ElementsAre("my-group"));
  EXPECT_EQ(world.servers.switches, 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(world.version(world.pod_name(i)), "8.4.9");
}

// Before 8.0.29 a group takes no time limit with a new primary. Red if it is given one.
TEST(SimulatedGroupOfAnOldRelease, IsRestartedWithItsPrimaryMoved) {
  for (const char* version : {"8.0.22", "8.0.28", "8.0.36"}) {
    SimulatedGroup world(version);
    world.ops.request_of("Restart", "again");
    world.ops.finish("again");
    EXPECT_EQ(world.ops.phase_of("again"), "Successful")
        << version << ": " << world.ops.message_of("again", "Failed");
    EXPECT_THAT(world.servers.refused, IsEmpty());
    expect_all_recorded(world.ops);
    EXPECT_EQ(world.servers.switches, 1) << version;
  }
}

// A semi-synchronous cluster, its servers of the release that their pods' images name, with an
// application that writes to whoever takes writes. A pod of another StatefulSet finds its volume
// filled, with a copy of a replica.
struct SimulatedSemiSync : ClusterWorld<FakeSemiSync> {
  explicit SimulatedSemiSync(const std::string& version)
      : ClusterWorld(at_version(semi_sync, version).c_str(), "my-semi", FakeSemiSync(version)) {
    for (int i = 0; i < 3; ++i) seed(pod_name("my-semi-1", i));
    at_each_round = [this] {
      follow_images();
      write();
    };
  }

  void seed(const std::string& pod) {
    servers.fill(pod, pod_name(2));
    follow_too(pod);
  }
  void follow_images() {
    for (const std::string& name : ops.world.names(kinds::pod)) {
      const std::string version =
          version_in(ops.world.get(kinds::pod, name), "/spec/containers/1/image");
      if (!version.empty()) servers.at(name).version = version;
    }
  }
  void write() {
    const std::string open = servers.open_pods();
    if (open.find(' ') != std::string::npos) twice_open.push_back(open);
    if (open.empty() || ++rounds_ % 10 != 0) return;
    if (servers.write(open)) acknowledged = acknowledged.plus(servers.at(open).executed);
  }
  void upgrade(const std::string& to) {
    ops.request("my-upgrade", to);
    ops.finish("my-upgrade");
    ASSERT_EQ(ops.phase_of("my-upgrade"), "Successful") << ops.message_of("my-upgrade", "Failed");
    ops.run_until([this] { return ops.world.phase("my-semi") == "Ready"; });
  }
  // Moved once, to that pod of a set whose members are all of that version, with nothing lost.
  void expect_moved(const std::string& set, const std::string& holder, const std::string& to) {
    EXPECT_THAT(servers.refused, IsEmpty());
    EXPECT_THAT(never_recorded(servers.understood, {group_recording, semi_sync_recording}),
                IsEmpty());
    expect_all_recorded(ops);
    EXPECT_THAT(ops.world.names(kinds::stateful_set), ElementsAre(set));
    EXPECT_FALSE(acknowledged.empty()) << "nobody wrote anything";
    EXPECT_THAT(twice_open, IsEmpty());
    for (int i = 0; i < 3; ++i) {
      const FakeSemiSync::Server& server = servers.at(pod_name(set, i));
      EXPECT_EQ(server.version, to) << i;
      EXPECT_TRUE(server.executed.contains(acknowledged)) << i;
    }
    const Json mysql = ops.world.get(kinds::mysql, "my-semi");
    EXPECT_EQ(mysql.at("spec").at("version").get<std::string>(), to);
    const Json& notes = mysql.at("metadata").at("annotations");
    const auto term = api::parse_term(notes.value(api::primary_term_annotation, ""));
    ASSERT_TRUE(term.has_value());
    EXPECT_EQ(term->number, 2U);
    EXPECT_EQ(term->holder, holder);
  }

  provisioner::GtidSet acknowledged;
  std::vector<std::string> twice_open;

 private:
  int rounds_ = 0;
};

class SimulatedSemiSyncClusters : public ::testing::TestWithParam<Pair> {};

// By another StatefulSet. Red if a former replica is still there when a newer server takes writes:
// only the former primary may be, alone and closed.
TEST_P(SimulatedSemiSyncClusters, GoToAnotherSeries) {
  const auto [from, to] = GetParam();
  SimulatedSemiSync world(from);
  ASSERT_EQ(world.labels(), "pss");
  world.upgrade(to);
  world.expect_moved("my-semi-1", "my-semi-1-0", to);
  EXPECT_GE(world.fewest(), 3);
  std::set<std::string> outdated = world.servers.outdated;
  outdated.erase(id_of_pod(world.pod_name(0)));
  EXPECT_THAT(outdated, IsEmpty()) << "replicas older than their source";
}

INSTANTIATE_TEST_SUITE_P(Pairs, SimulatedSemiSyncClusters,
                         ::testing::Values(Pair{"8.0.28", "8.0.36"}, Pair{"8.0.36", "8.4.8"},
                                           Pair{"8.4.8", "9.7.4"}),
                         name_of_way<Pair>);

TEST(SimulatedSemiSyncOfOneLtsSeries, IsUpgradedInPlace) {
  SimulatedSemiSync world("8.4.8");
  world.upgrade("8.4.9");
  world.expect_moved("my-semi", "my-semi-1", "8.4.9");
}

TEST(SimulatedGroupOf57, IsNotMade) {
  World world;
  world.apply(at_version(group, "5.7.44"));
  world.settle("my-group");
  const std::string why = world.condition("SpecAccepted", "my-group").value("message", "");
  EXPECT_THAT(why, HasSubstr("group replication needs a MySQL server of 8.0.22 or newer"));
  EXPECT_THAT(world.names(kinds::stateful_set), IsEmpty());
}

}  // namespace
}  // namespace ratchet::k8s::testing
