// The checks of what only clusters have: a protocol among the members of a group, and volumes that
// are filled with a copy of a member's.
#include <algorithm>
#include <array>
#include <optional>

#include "workflows/mysql/preflight.h"

namespace ratchet::mysql {

namespace {

// What a group's members can speak, each protocol by the first release that has it. A group keeps
// the one that it was formed with, whatever its members are upgraded to.
constexpr std::array<Release, 2> group_protocols{{{8, 0, 16}, {8, 0, 27}}};

std::vector<Finding> judge_protocol(const Check& check, const SqlTable& rows,
                                    const Context& context) {
  if (rows.empty() || rows[0].empty()) return {};
  const std::optional<Version> spoken = parse_version(rows[0][0]);
  const bool can_be_raised = spoken && std::ranges::any_of(group_protocols, [&](Release newer) {
                               return is_before(*spoken, newer) && !is_before(context.to, newer);
                             });
  if (!can_be_raised) return {};
  return {finding(check, rows[0], context)};
}

std::vector<Check> of_groups() {
  Check protocol{"communication-protocol",
                 INFO,
                 Servers::group,
                 Scope::database,
                 {},
                 "SELECT group_replication_get_communication_protocol()",
                 "the group speaks the protocol of MySQL {0} and goes on with it after the "
                 "upgrade, though members of {to} have a newer one",
                 "once all members are upgraded, on any of them: SELECT "
                 "group_replication_set_communication_protocol('{to}'). After it no member can "
                 "join that is too old for it"};
  protocol.since = group_protocols[0];
  protocol.judge = judge_protocol;
  return {protocol};
}

// CLONE copies what InnoDB has. Of a MEMORY table no restart leaves anything either; the rows of a
// FEDERATED one are on another server, and converting it would be no way out.
Check left_empty() {
  return {"seeding",
          BLOCKING,
          Servers::cloned,
          Scope::database,
          {},
          "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_TYPE "
          "= 'BASE TABLE' AND ENGINE NOT IN ('InnoDB', 'MEMORY', 'BLACKHOLE', 'FEDERATED', "
          "'PERFORMANCE_SCHEMA') AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', "
          "'information_schema') ORDER BY 1, 2",
          "table {i0}.{i1} is of engine {2}: the volumes of the new StatefulSet are filled by "
          "CLONE, which copies such a table without its rows",
          "ALTER TABLE {i0}.{i1} ENGINE = InnoDB"};
}

// Nor does it copy mysqld-auto.cnf. Two settings there are the provisioner's; values may be secret.
Check left_behind() {
  return {"persisted",
          WARNING,
          Servers::cloned,
          Scope::server,
          {},
          "SELECT VARIABLE_NAME FROM performance_schema.persisted_variables WHERE VARIABLE_NAME "
          "NOT IN ('server_id', 'super_read_only') ORDER BY 1",
          "{0} is persisted on this server (SET PERSIST), and no member of the new StatefulSet "
          "gets that",
          "set {0} in the configuration (spec.configSecret), or SET PERSIST it on the new members"};
}

}  // namespace

std::vector<Check> cluster_checks() {
  std::vector<Check> all = of_groups();
  all.push_back(left_empty());
  all.push_back(left_behind());
  return all;
}

}  // namespace ratchet::mysql
