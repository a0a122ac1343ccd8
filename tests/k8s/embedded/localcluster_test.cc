// The parts of localcluster that need no sandbox.
#include <csignal>
#include <filesystem>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tools/localcluster/container_plan.h"
#include "tools/localcluster/images.h"
#include "tools/localcluster/process.h"
#include "tools/localcluster/yaml.h"

namespace ratchet::localcluster {
namespace {

namespace fs = std::filesystem;

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "ratchet-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  void TearDown() override { fs::remove_all(path_); }
  fs::path path_;
};

using ImagesFolder = Folder;
using ProcessFolder = Folder;

TEST_F(ImagesFolder, AShortNameIsCompletedAsContainerRuntimesDo) {
  EXPECT_EQ(full_image_name("mysql:8"), "docker.io/library/mysql:8");
  EXPECT_EQ(full_image_name("kubedb/mysql:8"), "docker.io/kubedb/mysql:8");
  EXPECT_EQ(full_image_name("ghcr.io/a/b"), "ghcr.io/a/b:latest");
  EXPECT_EQ(full_image_name("localhost:5000/b:1"), "localhost:5000/b:1");
}

TEST_F(ImagesFolder, AnImageIsFoundByIndexOrByFolder) {
  fs::create_directories(path_ / "first" / "rootfs");
  fs::create_directories(path_ / "docker.io_library_other:2" / "rootfs");
  std::ofstream(path_ / "index.tsv") << "name\tsuite\timage\n"
                                     << "first\tsid\tdocker.io/library/mysql:9\n"
                                     << "gone\tsid\tdocker.io/library/mysql:10\n";
  const Images images(path_);
  EXPECT_EQ(images.find("mysql:9"), path_ / "first" / "rootfs");
  EXPECT_EQ(images.find("other:2"), path_ / "docker.io_library_other:2" / "rootfs");
  EXPECT_FALSE(images.find("mysql:10"));
  EXPECT_FALSE(images.find("mysql:11"));
}

TEST(Manifests, ScalarsHaveTheTypesOfYaml12) {
  const auto documents = parse_manifests(
      "a: yes\nb: true\nc: 8\nd: \"8\"\ne: 8.0.1\nf: ~\ng: ''\n---\n---\n"
      "kind: List\nitems: [{x: 1}, {x: 2}]\n");
  ASSERT_EQ(documents.size(), 3U);
  EXPECT_EQ(documents[0], Json({{"a", "yes"},
                                {"b", true},
                                {"c", 8},
                                {"d", "8"},
                                {"e", "8.0.1"},
                                {"f", nullptr},
                                {"g", ""}}));
  EXPECT_EQ(documents[2]["x"], 2);
  EXPECT_THROW(parse_manifests("a: [1"), std::runtime_error);
}

TEST(Manifests, WhatIsPrintedReadsBackTheSame) {
  const Json value = {{"text", "8"},           {"number", 8},
                      {"none", nullptr},       {"lines", "a\nb"},
                      {"empty", ""},           {"yes", true},
                      {"word", "true"},        {"list", {1, "x"}},
                      {"map", Json::object()}, {"nothing", Json::array()}};
  EXPECT_EQ(parse_manifests(to_yaml(value)).at(0), value);
}

TEST(ContainerPlan, VariablesComeFromSecretsFieldsAndEachOther) {
  k8s::embedded::Store store(100);
  store.put({"secrets", "demo", "auth"}, {{"data", {{"password", "aHVudGVyMg=="}}}});
  const Json pod = {{"metadata", {{"name", "db-0"}, {"namespace", "demo"}}}};
  const Json from_secret = {{"secretKeyRef", {{"name", "auth"}, {"key", "password"}}}};
  const Json from_field = {{"fieldRef", {{"fieldPath", "metadata.name"}}}};
  const Json container = {{"env",
                           {{{"name", "PASSWORD"}, {"valueFrom", from_secret}},
                            {{"name", "POD"}, {"valueFrom", from_field}},
                            {{"name", "URL"}, {"value", "$(POD):$(PASSWORD) $$(POD) $(NONE)"}}}}};
  const auto env = environment(store, pod, container, {"", "", "127.9.9.9"});
  EXPECT_EQ(env.at("URL"), "db-0:hunter2 $(POD) $(NONE)");
  EXPECT_EQ(env.at("RATCHET_BIND_ADDRESS"), "127.9.9.9");
  store.erase({"secrets", "demo", "auth"}, Json::object());
  EXPECT_THROW(environment(store, pod, container, {}), NotYet);
}

TEST_F(ProcessFolder, AProcessReportsItsExitCodeOrSignal) {
  boost::asio::io_context io;
  const auto code_of = [&](const std::vector<std::string>& argv, int signal) {
    Process process(io.get_executor(), {argv, {{"PATH", "/usr/bin:/bin"}}, path_ / "log", false});
    if (signal != 0) process.signal(signal);
    int code = -1;
    boost::asio::co_spawn(io, process.wait(),
                          [&](const std::exception_ptr&, int value) { code = value; });
    io.restart();
    io.run();
    return code;
  };
  EXPECT_EQ(code_of({"sh", "-c", "echo hello; exit 3"}, 0), 3);
  EXPECT_EQ(code_of({"sleep", "60"}, SIGKILL), 128 + SIGKILL);
  EXPECT_EQ(code_of({"no-such-program"}, 0), 127);
  std::string line;
  std::getline(std::ifstream(path_ / "log") >> std::ws, line);
  EXPECT_EQ(line, "hello");
}

}  // namespace
}  // namespace ratchet::localcluster
