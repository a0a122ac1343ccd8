// Three real servers of the newest image are told the story. With RATCHET_RECORD set what they
// answer is written down, and printed; else it must be what is written down.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/adapters/sql.h"
#include "tests/k8s/adapters/run_sql.h"
#include "tests/k8s/adapters/server.h"
#include "tests/k8s/transcript/story.h"
#include "tests/k8s/transcript/transcript.h"

namespace ratchet::k8s::testing {
namespace {

namespace asio = boost::asio;
using ::testing::IsEmpty;

constexpr const char* image = "mysql-sid";

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

class RealGroup {
 public:
  RealGroup() {
    std::vector<std::uint16_t> ports(story_members);
    std::ranges::generate(ports, free_port);
    for (std::size_t i = 0; i < story_members; ++i) {
      servers_.push_back(std::make_unique<Server>(image, "", options_of(ports, i)));
    }
  }
  std::string version() const { return servers_.at(0)->version(); }

  Stage stage() {
    Stage stage;
    stage.say = [this](std::size_t server, const std::vector<std::string>& statements) {
      return say(server, statements);
    };
    for (std::size_t i = 0; i < story_members; ++i) {
      const auto reply = say(i, {"SELECT @@server_uuid, VERSION()"}).at(0);
      stage.ids.push_back(reply.rows.at(0).at(0).value());
      if (i == 0) stage.names.emplace_back(reply.rows.at(0).at(1).value(), "<version>");
      stage.names.emplace_back("127.0.0.1:" + std::to_string(servers_.at(i)->port()), "<host>");
    }
    stage.names.emplace_back("127.0.0.1", "<host>");
    return stage;
  }

 private:
  std::vector<Reply> say(std::size_t server, const std::vector<std::string>& statements) {
    const sql::Target target{.host = "127.0.0.1",
                             .port = servers_.at(server)->port(),
                             .user = "root",
                             .password = Server::password,
                             .deadline = std::chrono::seconds(60)};
    std::vector<Reply> replies;
    testing::run([&]() { return ask_in_one_session(target, statements, replies); });
    return replies;
  }

  std::vector<std::unique_ptr<Server>> servers_;
};

void record(const std::string& version, const Transcript& transcript) {
  const std::string text = "# What three servers of MySQL " + version +
                           " answered to tests/k8s/transcript/story.cc, written by\n"
                           "# RATCHET_RECORD=1 k8s_transcript_server_test. Ids, hosts, passwords, "
                           "views and numbers\n# of transactions are masked.\n" +
                           text_of(transcript);
  std::ofstream file(recording_path(), std::ios::trunc);
  file << text;
  file.close();
  ASSERT_TRUE(file.good()) << recording_path();
  std::cout << text << "written to " << recording_path() << "\n";
}

TEST(RealServers, AnswerAsRecorded) {
  RealGroup group;
  const Transcript real = tell_story(group.stage());
  EXPECT_EQ(text_of(real).find(Server::password), std::string::npos);
  if (std::getenv("RATCHET_RECORD") != nullptr) {
    record(group.version(), real);
    return;
  }
  EXPECT_THAT(differences(recorded_transcript(), real), IsEmpty());
}

}  // namespace
}  // namespace ratchet::k8s::testing
