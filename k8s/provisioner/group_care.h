// One look at one replication group: reads all members, lets the planner decide (group_plan.h),
// marks the pods, has the members told what to do, and says in the status how the group is.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"
#include "k8s/provisioner/database.h"
#include "k8s/provisioner/group_plan.h"
#include "k8s/provisioner/group_statements.h"

namespace ratchet::k8s::provisioner {

// Annotation on a MySQL: "<pod>/<uid>" of who was told to form the group, from before it is told
// until there is a group.
inline constexpr const char* bootstrap_annotation = "ratchet.dev/bootstrap";

class GroupCare {
 public:
  // The context must outlive it. `database` was read just before: what is claimed on it later is
  // claimed only if nobody has changed it since.
  GroupCare(Context& context, Database database)
      : context_(context), database_(std::move(database)) {}

  // Once. Takes a few seconds at most, but for the forming of a group. Throws ApiError.
  boost::asio::awaitable<void> run();

 private:
  struct Node {
    Json pod;    // null if there is none
    Json claim;  // null if there is none
    ProbeTarget target;
    std::string certificate;
  };

  // False if there is nothing to look at yet.
  boost::asio::awaitable<bool> gather();
  void add_node(int ordinal, Json pod, Json claim);
  boost::asio::awaitable<void> look_at(std::size_t i);
  // `part` for every i below n, all at the same time.
  boost::asio::awaitable<void> for_each(
      std::size_t n, std::function<boost::asio::awaitable<void>(std::size_t)> part);

  boost::asio::awaitable<void> mark_pods();
  boost::asio::awaitable<void> mark_pod(std::size_t i);
  boost::asio::awaitable<void> note_claims();
  boost::asio::awaitable<void> carry_out(Action action);
  boost::asio::awaitable<bool> claim_bootstrap(std::string pod);
  boost::asio::awaitable<void> forget_decisions();
  boost::asio::awaitable<void> tell_status();
  std::size_t index_of(const std::string& pod) const;

  Context& context_;
  Database database_;
  std::string set_;  // name of the StatefulSet
  Credentials replication_;
  std::string user_, password_;  // what the servers are asked with
  std::vector<Node> nodes_;      // as situation_.members
  std::size_t pods_ = 0;         // that carry the database's labels
  Situation situation_;
  Plan plan_;
};

}  // namespace ratchet::k8s::provisioner
