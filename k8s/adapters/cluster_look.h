// One look at a cluster of servers in the making: its pods by the API server, its members by SQL.
// What is asked and what is right depends on how the members replicate.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/steps.h"
#include "k8s/client/client.h"
#include "workflows/mysql/group.pb.h"

namespace ratchet::k8s {

class ClusterLook {
 public:
  // The environment must outlive it.
  ClusterLook(const Environment& environment, mysql::InspectGroup in);
  virtual ~ClusterLook() = default;
  ClusterLook(const ClusterLook&) = delete;
  ClusterLook& operator=(const ClusterLook&) = delete;

  // Once. What the cluster lacks is in the answer.
  boost::asio::awaitable<mysql::GroupState> run();

 protected:
  // Before any member is looked at.
  virtual boost::asio::awaitable<void> begin() { co_return; }
  // What a member is asked beyond what every server is; the first asks for server_uuid and
  // gtid_executed.
  virtual std::vector<std::string> questions() const = 0;
  // The answers to them begin at `first`.
  virtual void read(mysql::GroupMember& member, const std::vector<SqlRows>& answers,
                    std::size_t first) = 0;
  // Adds what is wrong, of members that all answered.
  virtual void judge(int replicas) = 0;
  // The member's transactions that the primary must have, or be about to have.
  virtual std::string known(const mysql::GroupMember& member) const;
  // Adds what only the servers themselves can tell about each other's transactions.
  virtual boost::asio::awaitable<void> compare_transactions();

  bool is_away(const mysql::GroupMember& member) const {
    return member.workload().pod() == in_.without();
  }
  void lacks(std::string what) { seen_.add_lacks(std::move(what)); }
  // Which of `gtids` a member has not executed within a moment; empty: none.
  boost::asio::awaitable<std::string> lacking(const mysql::GroupMember& member, std::string gtids);

  const Environment& environment_;
  mysql::InspectGroup in_;
  mysql::GroupState seen_;

 private:
  boost::asio::awaitable<void> look_at_one_set();
  boost::asio::awaitable<void> look_at_every_set();
  boost::asio::awaitable<void> look_at(Json set, int ordinal);
  boost::asio::awaitable<void> look_at_left(Json pod);
  boost::asio::awaitable<void> take_up(Json pod, mysql::GroupMember& member);
  boost::asio::awaitable<void> question(mysql::GroupMember& member);
};

}  // namespace ratchet::k8s
