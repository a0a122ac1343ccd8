// The servers of a replication group as a model: what they say to a statement, and what they do
// then. Each understands what its release does (server_dialect.h); what it answers is compared with
// a transcript of real servers (tests/k8s/transcript).
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "k8s/adapters/sql.h"
#include "k8s/provisioner/context.h"

namespace ratchet::k8s::testing {

class FakeGroup {
 public:
  using Rows = std::vector<std::vector<std::string>>;  // NULL as empty text

  // `version`: of servers that nobody has given another one.
  explicit FakeGroup(std::string version = "9.7.4") : version_(std::move(version)) {}

  struct Server {
    bool up = true;
    bool fresh = true;    // without tables of users
    bool fenced = false;  // the primary refuses writes
    int weight = 50;      // in elections
    std::string account;  // mark of the replication account
    std::string no_room;  // what it says of its full disk
    unsigned server_id = 1;
    std::string version;
    provisioner::MemberState state = provisioner::MemberState::offline;
    provisioner::GtidSet executed;
    provisioner::GtidSet purged;
    int late = 0;  // how often it is waited for in vain, while it executes one after another
  };

  provisioner::GroupPort port();
  Server& at(const std::string& pod);
  // Its process ends and starts again; the group elects another primary if it was that.
  void restart(const std::string& pod);
  bool serves(const std::string& pod) {
    return at(pod).up && at(pod).state == provisioner::MemberState::online;
  }
  // The primary, empty if there is none.
  std::string primary() const { return primary_; }
  // A transaction on every member.
  void write();
  // The server's volume holds a copy of the primary's data.
  void fill(const std::string& pod);
  // A statement to a server: what it answers, row by row. Throws sql::Error.
  Rows ask(const std::string& pod, const std::string& statement);

  // "pod: word" of each thing that a member was told.
  std::vector<std::string> told;
  // "version: statement" of all that were understood, on one line, and of those that were not.
  std::set<std::string> understood;
  std::set<std::string> refused;
  int groups_formed = 0;
  int switches = 0;  // of the primary, that were asked for

 private:
  boost::asio::awaitable<sql::Rows> answer(std::string pod, std::string statement);
  boost::asio::awaitable<provisioner::MemberReport> look(std::string pod);
  boost::asio::awaitable<std::optional<std::string>> obey_all(std::string pod,
                                                              std::vector<std::string> statements);
  Rows about_itself(const std::string& pod, const std::string& line);
  Rows about_the_group(const std::string& pod, const std::string& line);
  Rows members(const std::string& pod);
  void make_primary(const std::string& id);
  void obey(const std::string& pod, const std::string& line);
  void set(const std::string& pod, const std::string& line);
  void start(const std::string& pod);
  void change_data(const std::string& pod, const std::string& line);
  void elect();
  // Whether any other member of the group is of an older release than this one.
  bool is_newer_than_some(const std::string& version) const;
  bool is_older_than_some(const std::string& version) const;

  std::string version_;
  std::map<std::string, Server> servers_;
  std::string primary_;
  std::string protocol_;  // which no upgrade of its members raises
  bool bootstrapping_ = false;
  int view_ = 0;
  int transactions_ = 0;
};

}  // namespace ratchet::k8s::testing
