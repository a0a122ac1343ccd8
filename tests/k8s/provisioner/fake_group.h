// The servers of a replication group as a model: what they say, and what they do when told.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "k8s/provisioner/context.h"

namespace ratchet::k8s::testing {

class FakeGroup {
 public:
  struct Server {
    bool up = true;
    bool fresh = true;
    bool fenced = false;  // the primary refuses writes
    std::string account;  // mark of the replication account
    std::string no_room;  // what it says of its full disk
    unsigned server_id = 1;
    std::string version = "9.7.4";
    provisioner::MemberState state = provisioner::MemberState::offline;
    provisioner::GtidSet executed;
  };

  provisioner::GroupPort port();
  Server& at(const std::string& pod) { return servers_[pod]; }
  // Its process ends and starts again; the group elects another primary if it was that.
  void restart(const std::string& pod);
  bool serves(const std::string& pod) {
    return at(pod).up && at(pod).state == provisioner::MemberState::online;
  }
  // The primary, empty if there is none.
  std::string primary() const { return primary_; }
  // A transaction on every member.
  void write();
  // What a member answers to a statement of the ops manager, row by row. Throws sql::Error.
  std::vector<std::vector<std::string>> ask(const std::string& pod, const std::string& statement);

  // "pod: word" of each thing that a member was told.
  std::vector<std::string> told;
  int groups_formed = 0;
  int switches = 0;  // of the primary, that were asked for

 private:
  provisioner::MemberReport look(const std::string& pod);
  boost::asio::awaitable<provisioner::MemberReport> answer(std::string pod);
  boost::asio::awaitable<std::optional<std::string>> obey_all(std::string pod,
                                                              std::vector<std::string> statements);
  std::vector<std::vector<std::string>> view() const;
  void make_primary(const std::string& id);
  void obey(const std::string& pod, const std::string& statement);
  void elect();

  std::map<std::string, Server> servers_;
  std::string primary_;
  bool bootstrapping_ = false;
  int view_ = 0;
  int transactions_ = 0;
};

}  // namespace ratchet::k8s::testing
