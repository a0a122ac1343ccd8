// What is proved: what ratchetd is told by its command line, its environment and a file counts in
// that order, and what is wrong with any of them is said with its place.
#include "tools/ratchetd/command_line.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/log_folder.h"
#include "tools/ratchetd/build_id.h"

namespace ratchet::ratchetd {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class CommandLine : public ::testing::Test {
 protected:
  ~CommandLine() override {
    for (const std::string& variable : set_) unsetenv(variable.c_str());
  }

  void set(const std::string& variable, const std::string& value) {
    setenv(variable.c_str(), value.c_str(), 1);
    set_.push_back(variable);
  }
  std::string file(const std::string& content) {
    std::ofstream(folder.path("ratchetd.conf")) << content;
    return folder.path("ratchetd.conf");
  }
  Asked asked(std::vector<std::string> arguments) {
    std::ostringstream out, err;
    arguments.emplace_back("--log=somewhere");
    Asked all = ask(std::move(arguments), out, err);
    said = out.str() + err.str();
    return all;
  }

  ratchetctl::Folder folder;
  std::string said;

 private:
  std::vector<std::string> set_;
};

TEST_F(CommandLine, TakesFromAFileWhatItDoesNotSay) {
  const std::string config = file(
      "# of the night shift\n"
      "\n"
      "role = ops-manager\n"
      "  health-interval=7 \r\n"
      "namespace = \n"
      "log-format = json\n"
      "no-api = true\n"
      "keep-runs = completed=400\n"
      "keep-runs = failed=4000\n");
  const Asked all = asked({"--config", config});
  ASSERT_FALSE(all.exit) << said;
  EXPECT_TRUE(all.options.ops_manager);
  EXPECT_FALSE(all.options.provisioner);
  EXPECT_EQ(all.options.health_interval, 7s);
  EXPECT_TRUE(all.json_lines);
  EXPECT_FALSE(all.options.api);
  EXPECT_EQ(all.options.keep_runs.size(), 2u);
  EXPECT_EQ(all.options.log.string(), "somewhere");
}

TEST_F(CommandLine, CountsBeforeTheEnvironmentAndThatBeforeTheFile) {
  const std::string config = file("health-interval = 1\napi-port = 1\nlease-namespace = one\n");
  set("RATCHETD_HEALTH_INTERVAL", "2");
  set("RATCHETD_API_PORT", "2");
  set("RATCHETD_KEEP_RUNS", "completed=1,failed=2");
  set("RATCHETD_CONFIG", config);
  const Asked all = asked({"--health-interval", "3"});
  ASSERT_FALSE(all.exit) << said;
  EXPECT_EQ(all.options.health_interval, 3s);
  EXPECT_EQ(all.options.api_port, 2);
  EXPECT_EQ(all.options.lease_space, "one");
  EXPECT_EQ(all.options.keep_runs.size(), 2u);
}

TEST_F(CommandLine, SaysInWhichLineOfTheFileWhatIsWrong) {
  const std::pair<const char*, const char*> wrong[] = {
      {"role = all\nhealth-intervall = 3\n", ".conf:2: there is no option 'health-intervall'"},
      {"health-interval = 0\n", ".conf:1: --health-interval: "},
      {"\nhealth-interval = soon\n", ".conf:2: "},
      {"role = king\n", ".conf:1: --role: "},
      {"api-port = 70000\n", ".conf:1: "},
      {"no-api = perhaps\n", ".conf:1: "},
      {"role\n", ".conf:1: 'role' is not `name = value`"},
      {"[ratchetd]\n", ".conf:1: '[ratchetd]' is not `name = value`"},
      {"role = all\nrole = all\n", ".conf:2: role is said on line 1 already"},
      {"keep-runs = failed=1\nkeep-runs = running=1\n", ".conf:2: --keep-runs: a run cannot end"},
      {"config = other\n", "there is no option 'config'"},
      {"help = true\n", "there is no option 'help'"}};
  for (const auto& [content, why] : wrong) {
    const Asked all = asked({"--config", file(content)});
    EXPECT_EQ(all.exit, Exit::usage) << content;
    EXPECT_THAT(said, HasSubstr(why)) << content;
  }
}

TEST_F(CommandLine, SaysWhichVariableIsWrong) {
  set("RATCHETD_HEALTH_INTERVAL", "soon");
  EXPECT_EQ(asked({}).exit, Exit::usage);
  EXPECT_THAT(said, HasSubstr("environment variable RATCHETD_HEALTH_INTERVAL: "));
}

TEST_F(CommandLine, DoesNotGoOnWithoutTheFileThatItNames) {
  EXPECT_EQ(asked({"--config", folder.path("absent")}).exit, Exit::usage);
  EXPECT_THAT(said, HasSubstr("cannot read " + folder.path("absent")));
}

TEST_F(CommandLine, IsCheckedAsAWholeWhereverItsPartsCameFrom) {
  EXPECT_EQ(asked({"--config", file("webhook-port = 8443\n")}).exit, Exit::usage);
  EXPECT_THAT(said, HasSubstr("--webhook-port needs the role"));
  EXPECT_EQ(asked({"--anchor-key=key.pem"}).options.anchor_key.string(), "key.pem");
  EXPECT_EQ(asked({"--anchor-key=key.pem", "--role=provisioner"}).exit, Exit::usage);
  EXPECT_THAT(said, HasSubstr("--anchor-key needs the role of the ops manager"));
}

// Without TLS others could listen, and take a token.
TEST_F(CommandLine, ServesTheApiBeyondLoopbackByTlsOnlyOnAPortThatIsKnown) {
  EXPECT_EQ(asked({}).options.api_address, "127.0.0.1");
  const std::vector<std::string> wrong[] = {
      {"--api-address=0.0.0.0"},
      {"--api-address=0.0.0.0", "--api-port=8444"},
      {"--api-address=::", "--api-port=8444"},
      {"--api-address=10.0.0.1", "--api-certificate=c", "--api-key=k"},
      {"--api-address=10.0.0.1", "--api-port=8444", "--api-certificate=c"},
      {"--api-address=10.0.0.1", "--api-port=8444", "--api-key=k"},
      {"--api-certificate=c"},
      {"--api-address=localhost"}};  // a name may mean anything
  for (const auto& arguments : wrong) {
    EXPECT_EQ(asked(arguments).exit, Exit::usage) << arguments.front();
    EXPECT_THAT(said, HasSubstr("any other than loopback needs --api-port"));
  }
  const std::vector<std::string> right[] = {
      {"--api-address=127.0.0.2"},
      {"--api-address=::1"},
      {"--api-address=0.0.0.0", "--api-port=8444", "--api-certificate=c", "--api-key=k"}};
  for (const auto& arguments : right) EXPECT_FALSE(asked(arguments).exit) << said;
}

TEST_F(CommandLine, PrintsHelpAndVersionAndHasNothingMoreToDo) {
  EXPECT_EQ(asked({"--help"}).exit, Exit::well);
  EXPECT_THAT(said, HasSubstr("--config"));
  EXPECT_THAT(said, HasSubstr("RATCHETD_API_PORT"));
  EXPECT_EQ(asked({"--version"}).exit, Exit::well);
  EXPECT_THAT(said, HasSubstr(" (build " + build_id() + ")"));
}

}  // namespace
}  // namespace ratchet::ratchetd
