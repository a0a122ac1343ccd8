// One look at one replication group: reads all members, lets the planner decide (group_plan.h),
// marks the pods, has the members told what to do, and says in the status how the group is.
#pragma once

#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"
#include "k8s/provisioner/database.h"
#include "k8s/provisioner/group_plan.h"
#include "k8s/provisioner/member_pods.h"

namespace ratchet::k8s::provisioner {

// Annotation on a MySQL: "<pod>/<uid>" of who was told to form the group, from before it is told
// until there is a group.
inline constexpr const char* bootstrap_annotation = "ratchet.dev/bootstrap";

// Annotation on a MySQL: "<pod>/<time>". Whoever has a primary refuse writes, to move its role,
// says here which, and until when it may: 2026-11-26T08:00:00Z. After that it is opened again, if
// it is the primary still. A time that is none is over.
inline constexpr const char* fence_annotation = "ratchet.dev/fence";

class GroupCare {
 public:
  // The context must outlive it. `database` was read just before: what is claimed on it later is
  // claimed only if nobody has changed it since.
  GroupCare(Context& context, Database database)
      : context_(context), database_(std::move(database)), pods_(context_, database_) {}
  GroupCare(const GroupCare&) = delete;
  GroupCare& operator=(const GroupCare&) = delete;

  // Once. Takes a few seconds at most, but for the forming of a group. Throws ApiError.
  boost::asio::awaitable<void> run();

 private:
  void describe();
  boost::asio::awaitable<void> look_at(std::size_t i);
  boost::asio::awaitable<void> note_claims();
  boost::asio::awaitable<void> carry_out(Action action);
  boost::asio::awaitable<bool> claim_bootstrap(std::string pod);
  boost::asio::awaitable<void> forget_decisions();
  bool is_fence_over() const;
  boost::asio::awaitable<void> tell_status();

  Context& context_;
  Database database_;
  MemberPods pods_;  // as situation_.members
  Situation situation_;
  Plan plan_;
  bool opened_ = false;  // the primary whose fence had expired
};

}  // namespace ratchet::k8s::provisioner
