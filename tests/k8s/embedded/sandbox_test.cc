// A container's processes in a real sandbox. Needs root, bubblewrap and overlay mounts.
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/localcluster/container_plan.h"
#include "tools/localcluster/process.h"

namespace ratchet::localcluster {
namespace {

namespace fs = std::filesystem;

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "ratchet-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
    // An image without files of its own: it runs this machine's programs.
    fs::create_directories(path_ / "image");
    for (const char* folder : {"bin", "lib", "lib64"}) {
      fs::create_directory_symlink(std::string("usr/") + folder, path_ / "image" / folder);
    }
    fs::create_directories(path_ / "pod" / "volumes");
    fs::create_directory_symlink("/usr", path_ / "pod" / "volumes" / "usr");
  }
  void TearDown() override { fs::remove_all(path_); }

  // Like an entrypoint, the program gives up root; then it says so.
  Launch launch() {
    const Json volume = {{"name", "usr"}};
    const Json mount = {{"name", "usr"}, {"mountPath", "/usr"}, {"readOnly", true}};
    const Json pod = {{"metadata", {{"name", "db-0"}, {"namespace", "demo"}}},
                      {"spec", {{"volumes", Json::array({volume})}}}};
    const Json command = {
        "setpriv", "--reuid=65534",          "--regid=65534", "--clear-groups", "sh",
        "-c",      "echo up; exec sleep 600"};
    const Json container = {
        {"name", "c"}, {"command", command}, {"volumeMounts", Json::array({mount})}};
    const PodPlace place{path_ / "pod", path_ / "claims", "127.9.9.9"};
    k8s::embedded::Store store(1);
    return {sandbox_command(store, pod, container, place, path_ / "image"),
            environment(store, pod, container, place), path_ / "log", true};
  }
  bool up() const {
    std::string word;
    std::ifstream(path_ / "log") >> word;
    return word == "up";
  }

  fs::path path_;
};

TEST_F(Sandbox, ItsProcessesEndWithUsEvenByKill9) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const pid_t owner = fork();
  if (owner == 0) {
    boost::asio::io_context io;
    Process process(io.get_executor(), launch());
    pid_t inner = 0;
    eventually([&] { return (inner = process.inner()) != 0; });
    if (write(ends[1], &inner, sizeof inner) != sizeof inner) _exit(1);
    while (true) pause();
  }
  pid_t inner = 0;
  ASSERT_EQ(read(ends[0], &inner, sizeof inner), static_cast<ssize_t>(sizeof inner));
  ASSERT_GT(inner, 0);
  EXPECT_TRUE(eventually([&] { return up(); }));
  ::kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  const auto process = fs::path("/proc") / std::to_string(inner);
  EXPECT_TRUE(eventually([&] { return !fs::exists(process); }));
  close(ends[0]);
  close(ends[1]);
}

TEST_F(Sandbox, IsStoppedBeforeItHasBegun) {
  boost::asio::io_context io;
  Process process(io.get_executor(), launch());
  process.signal(SIGTERM);
  bool ended = false;
  boost::asio::co_spawn(io, process.wait(), [&](const std::exception_ptr& error, int code) {
    EXPECT_EQ(error, nullptr);
    EXPECT_NE(code, 0);
    ended = true;
  });
  io.run_for(std::chrono::seconds(20));
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace ratchet::localcluster
