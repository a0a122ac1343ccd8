// Three real servers of the newest image are told the story. With RATCHET_RECORD set what they
// answer is written down, and printed; else it must be what is written down.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/adapters/sql.h"
#include "k8s/provisioner/database.h"
#include "k8s/provisioner/group_sql.h"
#include "k8s/provisioner/semi_sync_objects.h"
#include "tests/k8s/adapters/run_sql.h"
#include "tests/k8s/adapters/server.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/yaml.h"
#include "tests/k8s/transcript/replicas_story.h"
#include "tests/k8s/transcript/story.h"
#include "tests/k8s/transcript/transcript.h"

namespace ratchet::k8s::testing {
namespace {

namespace asio = boost::asio;
using ::testing::IsEmpty;

constexpr const char* image = "mysql-sid";

boost::asio::awaitable<void> look_into(const provisioner::GroupPort& port,
                                       provisioner::ProbeTarget target,
                                       provisioner::ReplicaReport& report) {
  report = co_await port.look_at_replica(std::move(target));
}

asio::awaitable<void> ask_in_one_session(sql::Target target, std::vector<std::string> statements,
                                         std::vector<Reply>& replies) {
  auto session = co_await sql::Session::connect(std::move(target));
  for (const std::string& statement : statements) {
    Reply reply;
    try {
      reply.rows = co_await session->query(statement);
    } catch (const sql::Error& error) {
      if (error.number() == 0) throw;
      reply.error = error.number();
      const std::string words = error.what();
      reply.words = words.substr(words.find("error "));
    }
    const bool refused = reply.error != 0;
    replies.push_back(std::move(reply));
    if (refused) break;
  }
  co_await session->close();
}

// The options of a member (k8s/provisioner/group_objects.cc), on loopback addresses.
std::vector<std::string> options_of(const std::vector<std::uint16_t>& ports, std::size_t i) {
  std::string seeds;
  for (const std::uint16_t port : ports) {
    seeds += (seeds.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(port);
  }
  return {"--gtid-mode=ON",
          "--enforce-gtid-consistency=ON",
          "--plugin-load-add=group_replication.so",
          "--plugin-load-add=mysql_clone.so",
          "--report-host=127.0.0.1",
          std::string("--loose-group-replication-group-name=") + story_group,
          "--loose-group-replication-start-on-boot=OFF",
          "--loose-group-replication-local-address=127.0.0.1:" + std::to_string(ports.at(i)),
          "--loose-group-replication-group-seeds=" + seeds,
          "--loose-group-replication-ip-allowlist=127.0.0.0/8",
          "--loose-group-replication-ssl-mode=REQUIRED",
          "--loose-group-replication-recovery-use-ssl=ON"};
}

// Three of them, each with its options.
class RealServers {
 public:
  RealServers(const std::vector<std::vector<std::string>>& options, const std::string& names) {
    for (const auto& list : options) {
      servers_.push_back(std::make_unique<Server>(image, "", list, names));
      ports_.push_back(servers_.back()->port());
    }
  }
  const std::string& version() const { return servers_.at(0)->version(); }
  std::uint16_t port(std::size_t server) const { return ports_.at(server); }
  void kill(std::size_t server) { servers_.at(server).reset(); }

  std::vector<Reply> say(std::size_t server, std::vector<std::string> statements) {
    const sql::Target target{.host = "127.0.0.1",
                             .port = port(server),
                             .user = "root",
                             .password = Server::password,
                             .deadline = std::chrono::seconds(60)};
    std::vector<Reply> replies;
    testing::run([&]() { return ask_in_one_session(target, statements, replies); });
    return replies;
  }

  // Words of statements that are to be others for these servers come from `worded`.
  void set(Stage& stage, const std::function<std::string(std::string)>& worded) {
    stage.say = [this, worded](std::size_t server, std::vector<std::string> statements) {
      std::ranges::transform(statements, statements.begin(), worded);
      return say(server, std::move(statements));
    };
    for (std::size_t i = 0; i < story_members; ++i) {
      const auto reply = say(i, {"SELECT @@server_uuid, VERSION()"}).at(0);
      stage.ids.push_back(reply.rows.at(0).at(0).value());
      if (i == 0) stage.names.emplace_back(reply.rows.at(0).at(1).value(), "<version>");
    }
  }

 private:
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::uint16_t> ports_;
};

// On loopback addresses, as the members of a group (k8s/provisioner/group_objects.cc).
struct RealGroup {
  RealGroup() {
    std::vector<std::uint16_t> ports(story_members);
    std::ranges::generate(ports, free_port);
    std::vector<std::vector<std::string>> options;
    options.reserve(story_members);
    for (std::size_t i = 0; i < story_members; ++i) options.push_back(options_of(ports, i));
    servers = std::make_unique<RealServers>(options, "");
    servers->set(stage, [](std::string statement) { return statement; });
    for (std::size_t i = 0; i < story_members; ++i) {
      stage.names.emplace_back("127.0.0.1:" + std::to_string(servers->port(i)), "<host>");
    }
    stage.names.emplace_back("127.0.0.1", "<host>");
  }

  std::unique_ptr<RealServers> servers;
  Stage stage;
};

// As the members of a semi-synchronous cluster, each of which knows the others' hosts.
struct RealReplicas {
  RealReplicas() {
    auto mysql = parse_yaml(semi_sync).at(0);
    mysql["metadata"]["uid"] = "that the API server would give it";
    const provisioner::Database database = provisioner::read_database(mysql);
    std::vector<std::vector<std::string>> options;
    std::string hosts;
    for (std::size_t i = 0; i < story_members; ++i) {
      options.push_back(provisioner::semi_sync_args(database).get<std::vector<std::string>>());
      for (std::string& option : options.back()) replace(option, "$(POD_NAME)", replicas_pod(i));
      hosts += " " + replicas_host(i);
    }
    servers = std::make_unique<RealServers>(options, hosts);
    servers->set(stage, [this](std::string statement) { return with_ports(std::move(statement)); });
    stage.look = [this](std::size_t server) { return look(server); };
    stage.begin = [this](std::size_t server, const std::string& statement) {
      return begin(server, statement);
    };
    stage.kill = [this](std::size_t server) { servers->kill(server); };
  }

  std::unique_ptr<RealServers> servers;
  ReplicasStage stage;

 private:
  static void replace(std::string& text, const std::string& from, const std::string& to) {
    if (const auto at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
  }

  // Who is told to connect to a member's host connects to the port of this one.
  std::string with_ports(std::string statement) const {
    for (std::size_t i = 0; i < story_members; ++i) {
      const std::string port = std::to_string(servers->port(i));
      replace(statement, replicas_host(i) + "', SOURCE_PORT = 3306",
              replicas_host(i) + "', SOURCE_PORT = " + port);
      replace(statement, replicas_host(i) + ":3306", replicas_host(i) + ":" + port);
      replace(statement, replicas_host(i) + "':3306", replicas_host(i) + "':" + port);
    }
    return statement;
  }

  std::function<Reply()> begin(std::size_t server, const std::string& statement) const {
    const auto answer = std::make_shared<std::future<std::vector<Reply>>>(
        std::async(std::launch::async,
                   [this, server, statement] { return servers->say(server, {statement}); }));
    return [answer] { return answer->get().at(0); };
  }

  provisioner::ReplicaSeen look(std::size_t server) const {
    const auto port = provisioner::sql_group(servers->port(server), std::chrono::seconds(20));
    provisioner::ReplicaReport report;
    const provisioner::ProbeTarget target{.pod = replicas_pod(server),
                                          .host = "127.0.0.1",
                                          .user = "root",
                                          .password = Server::password,
                                          .certificate = {},
                                          .authority = {}};
    testing::run([&] { return look_into(port, target, report); });
    if (!report.seen) throw std::runtime_error(replicas_pod(server) + ": " + report.why_not);
    return *report.seen;
  }
};

void record(const std::string& recording, const std::string& story, const std::string& version,
            const Transcript& transcript) {
  const std::string text = "# What three servers of MySQL " + version +
                           " answered to tests/k8s/transcript/" + story +
                           ", written by\n"
                           "# RATCHET_RECORD=1 k8s_transcript_server_test. Ids, hosts, passwords, "
                           "views and numbers\n# of transactions are masked.\n" +
                           text_of(transcript);
  std::ofstream file(recording_path(recording), std::ios::trunc);
  file << text;
  file.close();
  ASSERT_TRUE(file.good()) << recording_path(recording);
  std::cout << text << "written to " << recording_path(recording) << "\n";
}

void compare_or_record(const std::string& recording, const std::string& story,
                       const std::string& version, const Transcript& real) {
  EXPECT_EQ(text_of(real).find(Server::password), std::string::npos);
  if (std::getenv("RATCHET_RECORD") != nullptr) {
    record(recording, story, version, real);
    return;
  }
  EXPECT_THAT(differences(recorded_transcript(recording), real), IsEmpty());
}

TEST(TheRealServers, OfAGroupAnswerAsRecorded) {
  RealGroup group;
  const Transcript real = tell_story(group.stage);
  compare_or_record(group_recording, "story.cc", group.servers->version(), real);
}

TEST(TheRealServers, OfASemiSynchronousClusterAnswerAsRecorded) {
  RealReplicas replicas;
  const Transcript real = tell_replicas_story(replicas.stage);
  compare_or_record(semi_sync_recording, "replicas_story.cc", replicas.servers->version(), real);
}

}  // namespace
}  // namespace ratchet::k8s::testing
