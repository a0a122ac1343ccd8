// The servers of a semi-synchronous cluster as a model: what they say, and what they do when told.
// Each understands what its release does (server_dialect.h).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "k8s/adapters/sql.h"
#include "k8s/provisioner/context.h"

namespace ratchet::k8s::testing {

class FakeSemiSync {
 public:
  // `version`: of servers that nobody has given another one.
  explicit FakeSemiSync(std::string version = "9.7.4") : version_(std::move(version)) {}

  struct Server : provisioner::ReplicaSeen {
    bool up = true;
    // Tables outside of InnoDB; nothing: it does not say.
    std::optional<std::vector<std::string>> uncopied = std::vector<std::string>();
  };

  provisioner::GroupPort port();
  Server& at(const std::string& pod);
  // What its init container would leave: the data of a replica, and no process yet.
  void fill(const std::string& pod, const std::string& donor);
  // Its process ends and starts again.
  void restart(const std::string& pod);
  // An application's commit on that server: true if it was acknowledged, which every voter that
  // listens does at once. Without that it waits for who connects, and is there after a restart.
  bool write(const std::string& pod);
  // The pods that take writes.
  std::string open_pods() const;
  bool serves(const std::string& pod) { return at(pod).up; }
  // What a member answers to a statement, row by row; what it is told, it does. Throws sql::Error,
  // of number 0 where a real one does not answer.
  std::vector<std::vector<std::string>> ask(const std::string& pod, const std::string& statement);

  // "pod: statement" of each thing that a member was told by `port`.
  std::vector<std::string> told;
  // "version: statement" of all that were understood, on one line, but for the questions of a look,
  // and of those that were not.
  std::set<std::string> understood;
  std::set<std::string> refused;
  // The ids of servers that received from one of a newer release, which no manual allows.
  std::set<std::string> outdated;

 private:
  void hear(const Server& server, const std::string& statement);
  boost::asio::awaitable<sql::Rows> hear_question(std::string pod, std::string statement);
  boost::asio::awaitable<sql::Rows> hear_of_tables(std::string pod, std::string statement);
  boost::asio::awaitable<provisioner::ReplicaReport> look(std::string pod);
  boost::asio::awaitable<std::optional<std::string>> list_uncopied(std::string pod);
  boost::asio::awaitable<std::optional<std::string>> obey_all(std::string pod,
                                                              std::vector<std::string> statements);
  void obey(const std::string& pod, const std::string& statement);
  void obey_as_replica(const std::string& pod, Server& server, const std::string& statement);
  void change_data(const std::string& pod, const std::string& line);
  static std::vector<std::vector<std::string>> answer(const Server& server,
                                                      const std::string& line);
  void copy(const std::string& pod, Server& server, const std::string& donor);
  provisioner::GtidSet next_of(const std::string& pod, const Server& server);
  void catch_up(Server& server);
  void release(const std::string& pod);
  static void receive(Server& server, const provisioner::GtidSet& transactions);

  std::string version_;
  std::map<std::string, Server> servers_;
  std::map<std::string, provisioner::GtidSet> waiting_;  // commits that nobody acknowledged
  std::map<std::string, int> numbers_;  // the last that a server gave to a transaction, by its id
};

}  // namespace ratchet::k8s::testing
