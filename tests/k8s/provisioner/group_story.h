// A situation of a replication group told in a few words, and what the planner makes of it.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "k8s/provisioner/group_plan.h"

namespace ratchet::k8s::provisioner {

inline constexpr const char* ours = "dc002fc3-c412-4d18-b1d4-66c1fbfbbc9b:";

inline GtidSet set(const std::string& text) {
  const auto parsed = GtidSet::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(GtidSet());
}
// Transactions of the group, by their ranges.
inline GtidSet tx(const std::string& ranges) { return set(ours + ranges); }

inline std::string id_of(int i) {
  return "0000000" + std::to_string(i) + "-0000-4000-8000-000000000000";
}

// A situation told in a few words. Members begin configured, reached and of no group.
struct Story {
  Situation now;

  explicit Story(int members = 3) {
    now.account = "mark";
    for (int i = 0; i < members; ++i) {
      Member member;
      member.pod = "db-" + std::to_string(i);
      member.server_id = static_cast<unsigned>(i) + 1;
      member.seen.emplace();
      member.seen->id = id_of(i);
      member.seen->version = "9.7.4";
      member.seen->server_id = member.server_id;
      member.seen->account = "mark";
      member.seen->has_tables = true;
      member.seen->executed = tx("1-9");
      now.members.push_back(std::move(member));
    }
  }
  Seen& at(int i) { return *now.members.at(static_cast<std::size_t>(i)).seen; }
  Story& lost(int i) {
    Member& member = now.members.at(static_cast<std::size_t>(i));
    member.seen.reset();
    member.why_not = "refused";
    return *this;
  }
  Story& executed(int i, const std::string& ranges) {
    at(i).executed = tx(ranges);
    return *this;
  }
  Story& fresh(int i) {
    at(i).executed = set(id_of(i) + ":1-5");
    at(i).account = "";
    at(i).server_id = 1;
    at(i).has_tables = false;
    return *this;
  }
  // A group of these, the first its primary; everyone of them who is reached sees it.
  Story& group(const std::vector<int>& members, const std::string& view = "17:3",
               const std::vector<int>& unreachable = {}) {
    std::vector<Peer> peers;
    for (const int i : members) {
      peers.push_back({"db-" + std::to_string(i), MemberState::online, i == members.front()});
    }
    for (const int i : unreachable) {
      peers.push_back({"db-" + std::to_string(i), MemberState::unreachable, false});
    }
    for (const int i : members) {
      if (!now.members.at(static_cast<std::size_t>(i)).seen) continue;
      at(i).state = MemberState::online;
      at(i).view = view;
      at(i).peers = peers;
    }
    return *this;
  }
};

inline std::string text(const Action& action) {
  const char* names[] = {"configure", "bootstrap", "join", "rejoin", "leave", "open", "clone"};
  std::string told = std::string(names[static_cast<int>(action.kind)]) + " " + action.pod;
  if (action.fresh) told += " fresh";
  if (!action.donor.empty()) told += " from " + action.donor;
  return told;
}

inline std::vector<std::string> actions(const Story& story) {
  std::vector<std::string> told;
  for (const Action& action : plan_group(story.now).actions) told.push_back(text(action));
  return told;
}

// The values that a message asks a person to repeat.
inline std::vector<std::string> offered(const Plan& plan, const std::string& annotation) {
  std::vector<std::string> values;
  const auto at = plan.message.find(annotation + "=");
  if (at == std::string::npos) return values;
  std::string rest = plan.message.substr(at + annotation.size() + 1);
  for (std::size_t end = 0; end != std::string::npos;) {
    end = rest.find(", ");
    values.push_back(rest.substr(0, end));
    if (end != std::string::npos) rest = rest.substr(end + 2);
  }
  return values;
}

inline std::string roles(const Plan& plan) {
  std::string told;
  for (const Role role : plan.roles) {
    told += role == Role::primary ? 'P' : role == Role::standby ? 's' : '-';
  }
  return told;
}

}  // namespace ratchet::k8s::provisioner
