// A situation of a semi-synchronous cluster told in a few words, and what the planner makes of it.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "k8s/provisioner/semi_sync_plan.h"
#include "tests/k8s/provisioner/group_story.h"

namespace ratchet::k8s::provisioner {

// db-0 holds the term and takes writes, the others are its voters and replicate; all have 1-9.
struct SemiStory {
  ReplicaSituation now;

  explicit SemiStory(int members = 3, unsigned acknowledgements = 1) {
    now.account = "mark";
    now.wish = {.acknowledgements = acknowledgements, .timeout_ms = 86'400'000};
    now.term = {.number = 4,
                .holder = "db-0",
                .server = id_of(0),
                .acknowledgements = acknowledgements,
                .opened = true,
                .voters = {}};
    for (int i = 0; i < members; ++i) {
      add(i);
      if (i > 0) now.term.voters["db-" + std::to_string(i)] = id_of(i);
    }
    now.first = at(0);
  }

  ReplicaSeen& at(int i) { return *now.members.at(static_cast<std::size_t>(i)).seen; }

  SemiStory& lost(int i, bool overdue = true) {
    Replica& member = now.members.at(static_cast<std::size_t>(i));
    member.seen.reset();
    member.why_not = "refused";
    if (member.pod == now.term.holder) {
      now.first.reset();
      now.overdue = overdue;
      for (Replica& other : now.members) {
        if (other.seen) other.seen->hears = other.seen->acknowledging = false;
      }
    }
    return *this;
  }
  SemiStory& executed(int i, const std::string& ranges) {
    at(i).executed = tx(ranges);
    if (now.term.holder == "db-" + std::to_string(i)) now.first = at(i);
    return *this;
  }
  SemiStory& received(int i, const std::string& ranges) {
    at(i).received = tx(ranges);
    return *this;
  }
  SemiStory& stopped(int i) {
    at(i).receiving = at(i).hears = at(i).acknowledging = false;
    return *this;
  }
  // Its server has started anew: read-only, and nothing runs.
  SemiStory& restarted(int i) {
    at(i).read_only = true;
    at(i).source_enabled = at(i).source_on = false;
    at(i).acknowledges = at(i).applying = false;
    stopped(i);
    if (now.term.holder == "db-" + std::to_string(i)) now.first = at(i);
    return *this;
  }
  // Its pod has certificates, which its channel knows nothing of.
  SemiStory& certified(int i) {
    now.members.at(static_cast<std::size_t>(i)).has_certificates = true;
    return *this;
  }
  // Its volume is another one, and just initialised.
  SemiStory& emptied(int i) {
    ReplicaSeen seen;
    seen.id = "e" + id_of(i).substr(1);
    seen.version = "9.7.4";
    seen.server_id = 1;
    seen.executed = set(seen.id + ":1-5");
    at(i) = seen;
    if (now.term.holder == "db-" + std::to_string(i)) now.first = seen;
    return *this;
  }
  // No term, and nobody is anything.
  SemiStory& before_all() {
    now.term = {};
    now.first.reset();
    for (int i = 0; i < static_cast<int>(now.members.size()); ++i) {
      restarted(i);
      at(i).source.clear();
    }
    return *this;
  }
  // Member `i` took the next term and was not opened yet; the others are still as they were.
  SemiStory& taken_by(int i) {
    now.term.number = 5;
    now.term.holder = "db-" + std::to_string(i);
    now.term.server = id_of(i);
    now.term.opened = false;
    stopped(i);
    at(i).acknowledges = false;
    settle(at(i));
    now.first = at(i);
    return *this;
  }
  SemiStory& attached(int i) {
    at(i).source = now.term.holder;
    at(i).receiving = at(i).hears = at(i).applying = at(i).read_only = true;
    at(i).acknowledges = at(i).acknowledging =
        now.term.has_voter("db-" + std::to_string(i), at(i).id);
    return *this;
  }

 private:
  void settle(ReplicaSeen& seen) const {
    seen.source_enabled = seen.source_on = seen.after_sync = seen.waits_alone = true;
    seen.wait_for = now.wish.acknowledgements;
    seen.timeout_ms = now.wish.timeout_ms;
  }

  void add(int i) {
    Replica member;
    member.pod = "db-" + std::to_string(i);
    member.server_id = static_cast<unsigned>(i) + 11;
    ReplicaSeen& seen = member.seen.emplace();
    seen.id = id_of(i);
    seen.version = "9.7.4";
    seen.server_id = member.server_id;
    seen.account = "mark";
    seen.has_tables = true;
    seen.executed = tx("1-9");
    if (i == 0) {
      settle(seen);
    } else {
      seen.read_only = seen.receiving = seen.hears = seen.applying = true;
      seen.acknowledges = seen.acknowledging = true;
      seen.source = "db-0";
    }
    now.members.push_back(std::move(member));
  }
};

inline std::string text(const ReplicaAction& action) {
  const char* names[] = {"configure", "settle", "open",   "close",  "restart",
                         "stop",      "apply",  "attach", "resume", "clone"};
  std::string told = std::string(names[static_cast<int>(action.kind)]) + " " + action.pod;
  if (action.fresh) told += " fresh";
  if (action.stays_open) told += " open";
  if (!action.source.empty()) told += " to " + action.source;
  if (action.acknowledges) told += " acknowledging";
  return told;
}

// The actions, and last the term that is to be recorded.
inline std::vector<std::string> decisions(const ReplicaPlan& plan) {
  std::vector<std::string> told;
  for (const ReplicaAction& action : plan.actions) told.push_back(text(action));
  if (!plan.term) return told;
  std::string term = "term " + std::to_string(plan.term->number) + " " + plan.term->holder +
                     (plan.term->opened ? " open" : "") + " w" +
                     std::to_string(plan.term->acknowledgements);
  for (const auto& [pod, server] : plan.term->voters) {
    term += " " + pod + (server.empty() ? "=void" : "");
  }
  told.push_back(term);
  return told;
}

inline std::string roles(const ReplicaPlan& plan) {
  std::string told;
  for (const Role role : plan.roles) {
    told += role == Role::primary ? 'P' : role == Role::standby ? 's' : '-';
  }
  return told;
}

struct SemiCase {
  const char* name;
  std::function<SemiStory()> story;
  std::vector<std::string> decisions;
  const char* reason;
  const char* roles;
};

inline void PrintTo(const SemiCase& row, std::ostream* out) { *out << row.name; }

inline void expect(const SemiCase& row) {
  const ReplicaPlan plan = plan_semi_sync(row.story().now);
  EXPECT_EQ(decisions(plan), row.decisions) << plan.message;
  EXPECT_EQ(plan.reason, row.reason) << plan.message;
  EXPECT_EQ(roles(plan), row.roles);
  EXPECT_EQ(plan.reason.empty(), plan.message.empty());
}

}  // namespace ratchet::k8s::provisioner
