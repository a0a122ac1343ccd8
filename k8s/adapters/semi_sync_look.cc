// How a semi-synchronous cluster is looked at: who is the primary stands on the MySQL object
// (k8s/api/primary_term.h), and each replica tells of its channel.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "k8s/adapters/cluster_look.h"
#include "k8s/adapters/group_look.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/primary_terms.h"
#include "k8s/adapters/servers.h"
#include "k8s/api/member_sets.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

// Of one member.
struct Channel {
  bool read_only = false;
  std::map<std::string, std::string> settings;  // of semi-synchronous replication
  // Of a replica.
  std::string source;  // pod
  bool receives = false;
  bool applies = false;
  std::string received;  // transactions
};

class SemiSyncLook : public ClusterLook {
 public:
  using ClusterLook::ClusterLook;

 private:
  asio::awaitable<void> begin() override {
    const Json mysql = co_await the_mysql(environment_, in_.database(), in_.uid());
    term_ = term_of(mysql);
    leaving_ = annotation(mysql, api::leaving_annotation);
    seen_.set_term(term_.number);
    if (!term_.opened) lacks("nobody holds a primary term that was opened");
    if (!term_.successor.empty()) {
      lacks("the primary is being moved from " + term_.holder + " to " + term_.successor);
    }
  }

  std::vector<std::string> questions() const override { return semi_sync_questions(); }

  void read(mysql::GroupMember& member, const std::vector<SqlRows>& answers,
            std::size_t first) override {
    Channel& channel = channels_[member.workload().pod()];
    channel.read_only = cell(answers, first, 2) == "1";
    if (const SqlRows& rows = answers.at(first + 1); !rows.empty()) {
      channel.source = rows[0].at(0);
      channel.receives = rows[0].at(1) == "ON";
      channel.applies = rows[0].at(2) == "ON";
      channel.received = rows[0].at(3);
      std::erase(channel.received, '\n');
    }
    for (const auto& row : answers.at(first + 2)) channel.settings[row.at(0)] = row.at(1);
    const bool holder = member.workload().pod() == term_.holder;
    const std::string wrong =
        holder ? wrong_with_primary(member, channel) : wrong_with_replica(member, channel);
    member.set_member_state(wrong.empty() ? "ONLINE" : wrong);
    member.set_primary(holder && wrong.empty());
  }

  std::string wrong_with_primary(const mysql::GroupMember& member, Channel& channel) const {
    if (member.id() != term_.server) return "another server than the one that holds the term";
    if (channel.read_only) return "closed for writes, although it holds the term";
    if (channel.settings["rpl_semi_sync_source_status"] != "ON") {
      return "not waiting for acknowledgements";
    }
    return "";
  }

  std::string wrong_with_replica(const mysql::GroupMember& member, Channel& channel) const {
    if (!channel.read_only) return "open for writes, although " + term_.holder + " holds the term";
    if (channel.source != term_.holder) return "not replicating from " + term_.holder;
    if (!channel.receives) return "not receiving from " + term_.holder;
    if (!channel.applies) return "not applying what it has received";
    if (is_leaving(member)) return "";
    if (!term_.has_voter(member.workload().pod(), member.id())) {
      return "not among those whose acknowledgement counts";
    }
    if (channel.settings["rpl_semi_sync_replica_status"] != "ON") return "not acknowledging";
    return "";
  }

  // It gives up its vote, or has done so.
  bool is_leaving(const mysql::GroupMember& member) const {
    return member.workload().stateful_set() == leaving_;
  }

  // While there are two StatefulSets who is away does not come back: its vote would be missed.
  void judge_away(const mysql::GroupMember& member) {
    const std::string& pod = member.workload().pod();
    if (in_.every_set() && term_.voters.contains(pod)) {
      lacks("the acknowledgement of member " + pod + ", which is about to go, still counts");
    }
  }

  void judge(int) override {
    unsigned acknowledging = 0;
    bool led = false;
    for (const mysql::GroupMember& member : seen_.members()) {
      if (is_away(member)) {
        judge_away(member);
        continue;
      }
      led = led || member.primary();
      if (member.member_state() != "ONLINE") {
        lacks("member " + member.workload().pod() + " is " + member.member_state());
      } else if (!member.primary() && !is_leaving(member)) {
        ++acknowledging;
      }
    }
    if (!led) lacks(term_.holder + ", which holds the primary term, is not among its members");
    const unsigned needed = std::max(term_.acknowledgements, waits_for());
    seen_.set_acknowledgements(needed);
    if (acknowledging >= needed) return;
    lacks(std::to_string(acknowledging) + " replica(s) acknowledge, and a commit waits for " +
          std::to_string(needed));
  }

  // Replicas, by the setting of the primary.
  unsigned waits_for() {
    const std::string& count =
        channels_[term_.holder].settings["rpl_semi_sync_source_wait_for_replica_count"];
    return static_cast<unsigned>(std::strtoul(count.c_str(), nullptr, 10));
  }

  std::string known(const mysql::GroupMember& member) const override {
    const auto channel = channels_.find(member.workload().pod());
    if (channel == channels_.end() || channel->second.received.empty()) {
      return member.gtid_executed();
    }
    const char* comma = member.gtid_executed().empty() ? "" : ",";
    return member.gtid_executed() + comma + channel->second.received;
  }

  // And the other way: each replica has executed what the primary had.
  asio::awaitable<void> compare_transactions() override {
    co_await ClusterLook::compare_transactions();
    const auto primary = std::ranges::find_if(seen_.members(), &mysql::GroupMember::primary);
    const std::string executed = primary->gtid_executed();
    for (const mysql::GroupMember& member : seen_.members()) {
      if (member.primary() || is_away(member)) continue;
      std::string why;
      try {
        const std::string behind = co_await lacking(member, executed);
        if (!behind.empty()) why = "has not executed " + behind;
      } catch (const std::exception& e) {
        why = std::string("does not answer: ") + e.what();
      }
      if (!why.empty()) lacks("member " + member.workload().pod() + " " + why);
    }
  }

  api::PrimaryTerm term_;
  std::string leaving_;                      // StatefulSet; empty: none
  std::map<std::string, Channel> channels_;  // by pod
};

}  // namespace

std::vector<std::string> semi_sync_questions() {
  return {"SELECT @@server_uuid, @@GLOBAL.gtid_executed, @@GLOBAL.super_read_only",
          "SELECT SUBSTRING_INDEX(c.HOST, '.', 1), s.SERVICE_STATE, a.SERVICE_STATE, "
          "s.RECEIVED_TRANSACTION_SET "
          "FROM performance_schema.replication_connection_configuration c "
          "JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME) "
          "JOIN performance_schema.replication_applier_status a USING (CHANNEL_NAME) "
          "WHERE CHANNEL_NAME = ''",
          "SELECT LOWER(VARIABLE_NAME), VARIABLE_VALUE FROM performance_schema.global_status "
          "WHERE VARIABLE_NAME LIKE 'rpl\\_semi\\_sync\\_%\\_status' UNION ALL "
          "SELECT LOWER(VARIABLE_NAME), VARIABLE_VALUE FROM performance_schema.global_variables "
          "WHERE VARIABLE_NAME = 'rpl_semi_sync_source_wait_for_replica_count'"};
}

asio::awaitable<mysql::GroupState> look_at_semi_sync(const Environment& environment,
                                                     mysql::InspectGroup in) {
  SemiSyncLook look(environment, std::move(in));
  co_return co_await look.run();
}

}  // namespace ratchet::k8s
