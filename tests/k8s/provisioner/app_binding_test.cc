// A database is published for other programs of AppsCode's, in clusters that know the kind.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s {
namespace {

using ::testing::Contains;
using ::testing::Not;
using testing::World;

constexpr const char* db = "my-standalone";

void know_the_kind(World& world) {
  std::ifstream file(RATCHET_SOURCE_DIR "/tests/e2e/fixtures/appbindings.yaml");
  std::stringstream text;
  text << file.rdbuf();
  world.apply(text.str());
}

TEST(AppBinding, SaysWhereTheDatabaseIsAndWhatOpensIt) {
  World world;
  know_the_kind(world);
  world.apply(testing::standalone);
  world.settle();
  const Json binding = world.get(kinds::app_binding, db);
  ASSERT_FALSE(binding.is_null());
  EXPECT_EQ(binding["spec"], Json::parse(R"({"type": "kubedb.com/mysql", "version": "10.11.18",
                            "clientConfig": {"service": {"scheme": "mysql", "name": "my-standalone",
                                                         "port": 3306, "path": "/"},
                                             "url": "tcp(my-standalone.demo.svc:3306)/"},
                            "secret": {"name": "my-standalone-auth"}})"));
  EXPECT_EQ(binding["metadata"]["ownerReferences"][0]["name"], db);
  EXPECT_THAT(world.event_texts(), Contains("Successful: Successfully created appbinding"));
}

TEST(AppBinding, CarriesTheCataloguesBackupTasks) {
  World world;
  know_the_kind(world);
  const Json stash = {{"addon", {{"backupTask", {{"name", "mysql-backup-8"}}}}}};
  world.patch(kinds::mysql_version, "10.11.18", {{"spec", {{"stash", stash}}}});
  world.apply(testing::standalone);
  world.settle();
  const Json binding = world.get(kinds::app_binding, db);
  ASSERT_FALSE(binding.is_null());
  EXPECT_EQ(binding["spec"]["parameters"], (Json{{"apiVersion", "appcatalog.appscode.com/v1alpha1"},
                                                 {"kind", "StashAddon"},
                                                 {"stash", stash}}));
}

TEST(AppBinding, GoesWhenTheDatabaseIsHalted) {
  World world;
  know_the_kind(world);
  world.apply(testing::standalone);
  world.settle();
  world.patch(kinds::mysql, db, {{"spec", {{"halted", true}, {"deletionPolicy", "Halt"}}}});
  world.settle();
  EXPECT_TRUE(world.get(kinds::app_binding, db).is_null());
  EXPECT_EQ(world.phase(), "Halted");
}

TEST(AppBinding, IsNotMissedWhereNobodyKnowsTheKind) {
  World world;
  world.apply(testing::standalone);
  world.settle();
  EXPECT_EQ(world.phase(), "Ready");
  EXPECT_THAT(world.event_texts(), Not(Contains("Successful: Successfully created appbinding")));
}

}  // namespace
}  // namespace ratchet::k8s
