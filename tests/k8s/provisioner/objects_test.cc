// The objects as text: what users and their tools see is in the golden files beside this.
#include "k8s/provisioner/objects.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/provisioner/group_objects.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/yaml.h"

namespace ratchet::k8s::provisioner {
namespace {

using ratchet::k8s::testing::parse_yaml;
using ratchet::k8s::testing::read_source;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

Json stored(const std::string& yaml) {
  Json mysql = parse_yaml(yaml).at(0);
  mysql["metadata"]["uid"] = "1b6c0e4e-0000-4000-8000-000000000001";
  mysql["metadata"]["generation"] = 1;
  return mysql;
}

Json entry() { return parse_yaml(ratchet::k8s::testing::old_version).at(0); }

// RATCHET_WRITE_GOLDEN=1 writes the file anew; review the difference before you commit it.
void expect_golden(const std::string& name, const Json& actual) {
  const std::string path = "tests/k8s/provisioner/golden/" + name + ".json";
  const std::string text = actual.dump(2) + "\n";
  if (std::getenv("RATCHET_WRITE_GOLDEN") != nullptr) {
    std::ofstream(std::string(RATCHET_SOURCE_DIR) + "/" + path) << text;
  }
  EXPECT_EQ(text, read_source(path));
}

constexpr const char* everything = R"(
apiVersion: kubedb.com/v1
kind: MySQL
metadata:
  name: db
  namespace: demo
  labels: {team: red, kubedb.com/x: "y"}
spec:
  version: "10.11.18"
  deletionPolicy: Halt
  requireSSL: true
  storage: {resources: {requests: {storage: 10Gi}}}
  authSecret: {name: mine}
  configSecret: {name: conf}
  init: {script: {configMap: {name: scripts}}}
  serviceTemplates:
    - alias: primary
      metadata: {annotations: {a: b}}
      spec: {type: NodePort, ports: [{name: primary, port: 3306, nodePort: 30306}]}
  podTemplate:
    metadata: {annotations: {pod: note}}
    controller: {annotations: {set: note}}
    spec:
      serviceAccountName: own
      nodeSelector: {disk: ssd}
      volumes: [{name: extra, emptyDir: {}}]
      containers:
        - name: mysql
          args: ["--character-set-server=utf8mb4"]
          env: [{name: MYSQL_DATABASE, value: myDB}]
          resources: {requests: {cpu: 250m, memory: 2Gi}}
          volumeMounts: [{name: extra, mountPath: /extra}]
        - {name: shipper, image: logs}
)";

TEST(Objects, OfTheStandaloneOfTheGuide) {
  const Database database = read_database(stored(ratchet::k8s::testing::standalone));
  const Json set = stateful_set(database, entry(), "my-standalone");
  expect_golden("standalone_stateful_set", set);
  expect_golden("standalone_services", {governing_service(database), primary_service(database)});
  expect_golden("standalone_access",
                {service_account(database), role(database), role_binding(database)});
  expect_golden("standalone_secret", auth_secret(database, "secret"));
  Json made = set;
  made["metadata"]["uid"] = "2";
  expect_golden("standalone_budget", disruption_budget(database, made));
}

TEST(Objects, OfTheGroupOfTheGuide) {
  const Database database = read_database(stored(ratchet::k8s::testing::group));
  const Json version = parse_yaml(ratchet::k8s::testing::group_version).at(0);
  const Json set = stateful_set(database, version, "my-group");
  expect_golden("group_stateful_set", set);
  expect_golden("group_services", {governing_service(database), primary_service(database),
                                   standby_service(database)});
  expect_golden("group_access",
                {service_account(database), role(database), role_binding(database)});
  expect_golden("group_replication_secret", replication_secret(database, "secret"));
  expect_golden("group_companion_config", companion_config(database));
  Json made = set;
  made["metadata"]["uid"] = "2";
  expect_golden("group_budget", disruption_budget(database, made));
}

TEST(Objects, OfTheSemiSynchronousCluster) {
  const Database database = read_database(stored(ratchet::k8s::testing::semi_sync));
  const Json version = parse_yaml(ratchet::k8s::testing::group_version).at(0);
  expect_golden("semi_sync_stateful_set", stateful_set(database, version, "my-semi"));
  expect_golden("semi_sync_services", {governing_service(database), primary_service(database),
                                       standby_service(database)});
  expect_golden("semi_sync_companion_config", companion_config(database));
}

TEST(Objects, TheGuidesFindTheServerSecondInAGroupsPodAndByDefault) {
  Json mysql = stored(ratchet::k8s::testing::group);
  mysql["spec"]["podTemplate"]["spec"]["containers"] =
      Json::array({{{"name", companion_name}, {"resources", {{"requests", {{"cpu", "10m"}}}}}},
                   {{"name", "mysql"}, {"args", {"--max-connections=7"}}}});
  const Database database = read_database(mysql);
  const Json version = parse_yaml(ratchet::k8s::testing::group_version).at(0);
  const Json pod = stateful_set(database, version, "my-group")["spec"]["template"];
  const Json& containers = pod["spec"]["containers"];
  ASSERT_EQ(containers.size(), 2u);
  EXPECT_EQ(containers[0]["resources"]["requests"], Json({{"cpu", "10m"}}));
  EXPECT_EQ(containers[1]["name"], "mysql");
  EXPECT_EQ(containers[1]["args"].back(), "--max-connections=7") << "the user's come last and win";
  EXPECT_EQ(containers[0]["image"], containers[1]["image"]);
  EXPECT_EQ(pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"], "mysql");
}

TEST(Objects, TheBudgetOfAGroupLeavesItsMajority) {
  Json mysql = stored(ratchet::k8s::testing::group);
  const Json set = {{"metadata", {{"name", "my-group"}, {"uid", "2"}}}};
  for (const auto& [replicas, away] : {std::pair{3, 1}, {4, 1}, {5, 2}, {9, 4}}) {
    mysql["spec"]["replicas"] = replicas;
    EXPECT_EQ(disruption_budget(read_database(mysql), set)["spec"]["maxUnavailable"], away);
  }
}

TEST(BadSemiSync, IsRefusedWithWhatToDo) {
  const Json version = parse_yaml(ratchet::k8s::testing::group_version).at(0);
  const auto message = [&](const char* patch, const Json& of_version) {
    Json mysql = stored(ratchet::k8s::testing::semi_sync);
    mysql["spec"].merge_patch(Json::parse(patch));
    const auto refusal = refuse(read_database(mysql), of_version, false);
    return refusal ? refusal->reason + ": " + refusal->message : "";
  };
  EXPECT_EQ(message("{}", version), "");
  EXPECT_EQ(message(R"({"topology": {"semiSync": null}})", version), "");
  EXPECT_EQ(message(R"({"topology": {"semiSync": {"sourceTimeout": "1h"}}})", version), "");
  for (const char* replicas : {R"({"replicas": 1})", R"({"replicas": 10})"}) {
    EXPECT_THAT(message(replicas, version), HasSubstr("for SemiSync is in range [2, 9]"));
  }
  for (const char* count : {"0", "3", "-1"}) {
    const std::string patch =
        R"({"topology": {"semiSync": {"sourceWaitForReplicaCount": )" + std::string(count) + "}}}";
    EXPECT_THAT(message(patch.c_str(), version), HasSubstr("less than 'spec.replicas'")) << count;
  }
  for (const char* timeout : {"10s", "59m", "soon"}) {
    const std::string patch =
        R"({"topology": {"semiSync": {"sourceTimeout": ")" + std::string(timeout) + "\"}}}";
    EXPECT_THAT(message(patch.c_str(), version), HasSubstr("a duration of at least 1h")) << timeout;
  }
  Json old = version;
  old["spec"]["version"] = "8.0.25";
  EXPECT_THAT(message("{}", old), HasSubstr("SemiSync needs a MySQL server of 8.0.26 or newer"));
  EXPECT_THAT(message("{}", entry()), HasSubstr("is MariaDB 10.11.18"));
}

TEST(SemiSyncWish, IsReadWithItsDefaults) {
  Json mysql = stored(ratchet::k8s::testing::semi_sync);
  mysql["spec"]["topology"].erase("semiSync");
  const SemiSync absent = read_database(mysql).semi_sync.value();
  EXPECT_EQ(absent.acknowledgements, 1u);
  EXPECT_EQ(absent.timeout_ms, 86'400'000u);
  EXPECT_FALSE(absent.clone_errant);
  mysql["spec"]["topology"]["semiSync"] = {{"sourceWaitForReplicaCount", 2},
                                           {"sourceTimeout", "2000h"},
                                           {"errantTransactionRecoveryPolicy", "Clone"}};
  const SemiSync given = read_database(mysql).semi_sync.value();
  EXPECT_EQ(given.acknowledgements, 2u);
  EXPECT_EQ(given.timeout_ms, 4'294'967'295u) << "what the server's variable can hold";
  EXPECT_TRUE(given.clone_errant);
}

TEST(BadGroup, IsRefusedWithWhatToDo) {
  const Json version = parse_yaml(ratchet::k8s::testing::group_version).at(0);
  const auto message = [&](const char* patch, const Json& of_version) {
    Json mysql = stored(ratchet::k8s::testing::group);
    mysql["spec"].merge_patch(Json::parse(patch));
    const auto refusal = refuse(read_database(mysql), of_version, false);
    return refusal ? refusal->reason + ": " + refusal->message : "";
  };
  EXPECT_EQ(message("{}", version), "");
  EXPECT_EQ(message(R"({"replicas": null})", version), "");
  EXPECT_EQ(message(R"({"topology": {"group": null}})", version), "");
  for (const char* replicas : {R"({"replicas": 2})", R"({"replicas": 10})"}) {
    EXPECT_THAT(message(replicas, version), HasSubstr("is in range [3, 9]"));
  }
  EXPECT_THAT(message(R"({"topology": {"group": {"name": "x"}}})", version),
              HasSubstr("invalid group name is set"));
  EXPECT_THAT(message(R"({"topology": {"group": {"mode": "Multi-Primary"}}})", version),
              HasSubstr("spec.topology.group.mode: Multi-Primary"));
  EXPECT_EQ(message(R"({"init": {"script": {"configMap": {"name": "x"}}}})", version), "");
  EXPECT_THAT(message(R"({"init": {"script": {"hostPath": {"path": "/x"}}}})", version),
              HasSubstr("spec.init.script with spec.topology from anything but a configMap"));
  EXPECT_THAT(message("{}", entry()), HasSubstr("MySQLVersion \"9.7.4\" is MariaDB 10.11.18"));
  Json old = version;
  old["spec"]["version"] = "8.0.21";
  EXPECT_THAT(message("{}", old), HasSubstr("needs a MySQL server of 8.0.22 or newer"));
}

TEST(Objects, OfADatabaseThatUsesWhatThereIs) {
  const Database database = read_database(stored(everything));
  expect_golden("everything_stateful_set", stateful_set(database, entry(), "db"));
  expect_golden("everything_primary_service", primary_service(database));
}

// The flat template of v1alpha2 and the containers of v1 say the same.
TEST(Objects, AreTheSameForBothShapesOfThePodTemplate) {
  Json flat = stored(everything);
  Json& pod = flat["spec"]["podTemplate"]["spec"];
  for (const char* field : {"args", "env", "resources", "volumeMounts"}) {
    pod[field] = pod["containers"][0][field];
  }
  pod["containers"].erase(0);
  EXPECT_EQ(stateful_set(read_database(flat), entry(), "db"),
            stateful_set(read_database(stored(everything)), entry(), "db"));
}

TEST(Objects, TheSourceAnnotationTellsTemplatesApartButNotImages) {
  Json mysql = stored(ratchet::k8s::testing::standalone);
  const auto source = [&](const Json& of_version) {
    return stateful_set(read_database(mysql), of_version,
                        "x")["metadata"]["annotations"][source_annotation];
  };
  const Json before = source(entry());
  EXPECT_EQ(source(parse_yaml(ratchet::k8s::testing::new_version).at(0)), before);
  mysql["spec"]["podTemplate"]["spec"]["priority"] = 7;
  EXPECT_NE(source(entry()), before);
}

TEST(Objects, AnEphemeralDatabaseHasNoClaim) {
  Json mysql = stored(ratchet::k8s::testing::standalone);
  mysql["spec"]["storageType"] = "Ephemeral";
  const Json set = stateful_set(read_database(mysql), entry(), "x");
  EXPECT_FALSE(set["spec"].contains("volumeClaimTemplates"));
  EXPECT_EQ(set["spec"]["template"]["spec"]["volumes"][1],
            Json({{"name", "data"}, {"emptyDir", {{"sizeLimit", "1Gi"}}}}));
}

TEST(Password, HasSixteenCharactersAndIsNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string password = generate_password();
    EXPECT_THAT(password, MatchesRegex("[A-Za-z0-9][-A-Za-z0-9!$&()*,.;=_~]{14}[A-Za-z0-9]"));
    seen.insert(password);
  }
  EXPECT_EQ(seen.size(), 200u);
}

struct Bad {
  const char* patch;  // merged into spec
  const char* reason;
  const char* message;
};

class BadSpec : public ::testing::TestWithParam<Bad> {};

TEST_P(BadSpec, IsRefusedWithWhatToDo) {
  Json mysql = stored(ratchet::k8s::testing::standalone);
  mysql["spec"].merge_patch(Json::parse(GetParam().patch));
  const auto refusal = refuse(read_database(mysql), entry(), false);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, GetParam().reason);
  EXPECT_THAT(refusal->message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Specs, BadSpec,
    ::testing::Values(
        Bad{R"({"version": ""})", "MalformedSpec", "'spec.version' is missing"},
        Bad{R"({"replicas": 3})", "MalformedSpec", "must be 1 for a standalone"},
        Bad{R"({"storage": null})", "MalformedSpec",
            "spec.storage is missing for durable storage type"},
        Bad{R"({"storage": {"resources": null}})", "MalformedSpec", "give a size such as"},
        Bad{R"({"storageType": "Nowhere"})", "MalformedSpec", "'spec.storageType' is invalid"},
        Bad{R"({"storageType": "Ephemeral", "terminationPolicy": "Halt"})", "MalformedSpec",
            "can not be used for 'Ephemeral' storage"},
        Bad{R"({"topology": {"mode": "InnoDBCluster"}})", "Unsupported",
            "spec.topology.mode: InnoDBCluster"},
        Bad{R"({"tls": {"issuerRef": {"kind": "Vault", "name": "a"}}})", "MalformedSpec",
            "\"Vault\" is no kind of issuer"},
        Bad{R"({"tls": {"certificates": [{"alias": "peer"}]}})", "MalformedSpec",
            "\"peer\" is no certificate of a MySQL"},
        Bad{R"({"monitor": {}})", "Unsupported", "spec.monitor"},
        Bad{R"({"init": {"archiver": {}}})", "Unsupported", "spec.init.archiver"},
        Bad{R"({"podTemplate": {"spec": {"env": [{"name": "MYSQL_ROOT_PASSWORD"}]}}})",
            "MalformedSpec",
            "environment variable MYSQL_ROOT_PASSWORD is forbidden to use in MySQL spec"},
        Bad{R"({"podTemplate": {"spec": {"volumes": [{"name": "data"}]}}})", "MalformedSpec",
            "volume name data is reserved"},
        Bad{R"({"podTemplate": {"spec": {"volumeMounts": [{"name": "a", "mountPath": "/tmp"}]}}})",
            "MalformedSpec", "mount path /tmp is reserved"},
        Bad{R"({"podTemplate": {"spec": "x"}})", "MalformedSpec", "wrong type"}));

TEST(BadVersion, IsRefusedByNameByFieldAndByDeprecation) {
  const Database database = read_database(stored(ratchet::k8s::testing::standalone));
  EXPECT_THAT(refuse(database, nullptr, false)->message,
              HasSubstr("mysqlversions.catalog.kubedb.com \"10.11.18\" not found"));
  Json incomplete = entry();
  incomplete["spec"]["db"] = Json::object();
  EXPECT_THAT(refuse(database, incomplete, false)->message, HasSubstr("lacks spec.db.image"));
  Json deprecated = entry();
  deprecated["spec"]["deprecated"] = true;
  EXPECT_THAT(refuse(database, deprecated, false)->message,
              HasSubstr("is using deprecated version 10.11.18. Skipped processing"));
  EXPECT_FALSE(refuse(database, deprecated, true).has_value());
  EXPECT_FALSE(refuse(database, entry(), false).has_value());
}

TEST(Policy, OfTwoNamesTheMoreProtectiveCounts) {
  const auto policy = [](const char* spec) {
    Json mysql = stored(ratchet::k8s::testing::standalone);
    mysql["spec"].merge_patch(Json::parse(spec));
    return read_database(mysql).policy;
  };
  EXPECT_EQ(policy(R"({})"), DeletionPolicy::wipe_out);
  EXPECT_EQ(policy(R"({"terminationPolicy": null})"), DeletionPolicy::remove);
  EXPECT_EQ(policy(R"({"deletionPolicy": "Halt"})"), DeletionPolicy::halt);
  EXPECT_EQ(policy(R"({"deletionPolicy": "WipeOut", "terminationPolicy": "DoNotTerminate"})"),
            DeletionPolicy::do_not_terminate);
}

TEST(Versions, CompareByNumbers) {
  EXPECT_EQ(version_digits("11.8.6-MariaDB-0+deb13u1"), "11.8.6");
  EXPECT_LT(compare_versions("10.11.18", "11.8"), 0);
  EXPECT_LT(compare_versions("9.7.4", "10.11.18"), 0);
  EXPECT_EQ(compare_versions("8.0", "8.0.0-x"), 0);
  EXPECT_GT(compare_versions("8.0.36", "8.0.4"), 0);
  EXPECT_GT(compare_versions("8.0", ""), 0);
}

}  // namespace
}  // namespace ratchet::k8s::provisioner
