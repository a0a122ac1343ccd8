// The servers of a semi-synchronous cluster as a model: what they say, and what they do when told.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "k8s/provisioner/context.h"

namespace ratchet::k8s::testing {

class FakeSemiSync {
 public:
  struct Server : provisioner::ReplicaSeen {
    bool up = true;
  };

  provisioner::GroupPort port();
  Server& at(const std::string& pod);
  // Its process ends and starts again.
  void restart(const std::string& pod);
  // An application's commit on that server: true if it was acknowledged, which every voter that
  // listens does at once. Without that it waits, and is there after a restart.
  bool write(const std::string& pod);
  // The pods that take writes.
  std::string open_pods() const;
  bool serves(const std::string& pod) { return at(pod).up; }
  // What a member answers to a statement of the ops manager, row by row. Throws sql::Error.
  std::vector<std::vector<std::string>> ask(const std::string& pod, const std::string& statement);

  // "pod: statement" of each thing that a member was told.
  std::vector<std::string> told;

 private:
  provisioner::ReplicaReport look(const std::string& pod);
  boost::asio::awaitable<provisioner::ReplicaReport> answer(std::string pod);
  boost::asio::awaitable<std::optional<std::string>> obey_all(std::string pod,
                                                              std::vector<std::string> statements);
  void obey(const std::string& pod, const std::string& statement);
  void obey_as_replica(const std::string& pod, Server& server, const std::string& statement);
  void catch_up(Server& server);

  std::map<std::string, Server> servers_;
  std::map<std::string, provisioner::GtidSet> waiting_;  // commits that nobody acknowledged
  int transactions_ = 0;
};

}  // namespace ratchet::k8s::testing
