// One look at one semi-synchronous cluster: reads all members, lets the planner decide
// (semi_sync_plan.h), records the primary term, marks the pods, has the members told what to do,
// and says in the status how the cluster is.
#pragma once

#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"
#include "k8s/provisioner/database.h"
#include "k8s/provisioner/member_pods.h"
#include "k8s/provisioner/semi_sync_plan.h"

namespace ratchet::k8s::provisioner {

class SemiSyncCare {
 public:
  // The context must outlive it. `database` was read just before: a term is recorded on it only if
  // nobody has changed it since.
  SemiSyncCare(Context& context, Database database)
      : context_(context), database_(std::move(database)), pods_(context_, database_) {}
  SemiSyncCare(const SemiSyncCare&) = delete;
  SemiSyncCare& operator=(const SemiSyncCare&) = delete;

  // Once. Takes a few seconds at most. Returns when to look again. Throws ApiError.
  boost::asio::awaitable<Duration> run();

 private:
  // False if the term on the MySQL cannot be read.
  bool describe();
  bool is_overdue() const;
  bool moves() const;
  boost::asio::awaitable<void> keep_up();
  boost::asio::awaitable<void> move_on();
  void take_up_term();
  boost::asio::awaitable<void> mark();
  boost::asio::awaitable<void> look_at_all();
  boost::asio::awaitable<void> look_at(std::size_t i);
  boost::asio::awaitable<void> ask_donors();
  boost::asio::awaitable<bool> record_term();
  boost::asio::awaitable<void> carry_out_all();
  boost::asio::awaitable<void> carry_out(ReplicaAction action);
  void tell_what_is_lost(const ReplicaAction& clone) const;
  boost::asio::awaitable<void> forget_decisions();
  boost::asio::awaitable<void> tell_status();

  Context& context_;
  Database database_;
  MemberPods pods_;  // as situation_.members
  ReplicaSituation situation_;
  ReplicaPlan plan_;
  bool recorded_ = false;    // a term, in this look
  bool takes_over_ = false;  // the holder, which was not opened yet when the look began, or is not
};

}  // namespace ratchet::k8s::provisioner
