#include "k8s/adapters/member_look.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "k8s/adapters/group_look.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/servers.h"
#include "k8s/api/member_sets.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using mysql::LookAtDatabase;

namespace {

mysql::InspectGroup all_members(const LookAtDatabase& in, bool semi_sync) {
  mysql::InspectGroup all;
  all.mutable_database()->set_space(in.space());
  all.mutable_database()->set_name(in.name());
  all.set_uid(in.uid());
  all.set_auth_secret(in.auth_secret());
  all.set_semi_sync(semi_sync);
  all.set_every_set(true);
  return all;
}

// How a member whose transactions are not the others' gets those, once somebody has looked.
void add_way_out(const LookAtDatabase& in, const mysql::Workload& member, const std::string& first,
                 mysql::Finding& finding) {
  const std::string claim = member.claim().empty() ? "" : "pvc/" + member.claim() + " ";
  finding.set_pod(member.pod());
  finding.set_fix(first + "; kubectl delete -n " + in.space() + " " + claim + "pod/" +
                  member.pod() + " gives the member a copy of the others' data instead");
}

mysql::Finding not_whole(const LookAtDatabase& in, const mysql::GroupState& seen,
                         const std::string& lack) {
  mysql::Finding finding;
  finding.set_severity(mysql::BLOCKING);
  finding.set_check("members");
  finding.set_what(lack);
  finding.set_fix("kubectl describe mysql -n " + in.space() + " " + in.name() +
                  ": its condition GroupComplete says what to wait for, or what to do");
  finding.set_passing(true);
  for (const mysql::GroupMember& member : seen.members()) {
    if (!lack.starts_with("member " + member.workload().pod() + errant_transactions)) continue;
    add_way_out(in, member.workload(), "look at them there (SHOW BINLOG EVENTS)", finding);
  }
  return finding;
}

// Of these transactions, those that a member does not come to: it executes none of them for half a
// minute. Empty: it has them all, or comes to them; one that is only late stops no upgrade.
asio::awaitable<std::string> gap_of(const Environment& environment, mysql::Server server,
                                    std::string gtids) {
  constexpr int most_waits = 20;  // of three seconds: for nine members there are ten minutes
  constexpr int most_idle = 10;
  std::string missing;
  for (int wait = 0, idle = 0; wait < most_waits; ++wait) {
    std::vector<std::string> question{await_transactions(gtids)};
    const auto answers = co_await ask(environment, server, std::move(question));
    if (cell(answers, 0, 0) == "0") co_return "";
    std::string lacking = cell(answers, 0, 1);
    std::erase(lacking, '\n');
    idle = lacking == missing ? idle + 1 : 0;
    missing = std::move(lacking);
    if (idle == most_idle) co_return missing;
  }
  co_return "";
}

// A group takes a member for ONLINE that will never execute some of its transactions (somebody has
// set its gtid_purged, say); they would be gone once it leads. The look at a semi-synchronous
// cluster says so by itself.
asio::awaitable<bool> look_for_gaps(const Environment& environment, LookAtDatabase in,
                                    mysql::GroupState seen, mysql::Sight& sight) {
  const mysql::InspectGroup group = all_members(in, false);
  const auto primary = std::ranges::find_if(seen.members(), &mysql::GroupMember::primary);
  const std::string executed = primary->gtid_executed();
  bool has_none = true;
  for (const mysql::GroupMember& member : seen.members()) {
    if (member.primary()) continue;
    const std::string missing = co_await gap_of(environment, server_of(group, member), executed);
    if (missing.empty()) continue;
    mysql::Finding finding =
        not_whole(in, seen,
                  "member " + member.workload().pod() + " has not executed what the primary has (" +
                      missing + ")");
    add_way_out(in, member.workload(), "wait, if it is at a large one of them", finding);
    *sight.add_findings() = std::move(finding);
    has_none = false;
  }
  co_return has_none;
}

}  // namespace

asio::awaitable<DatabaseShape> shape_of(const Environment& environment, LookAtDatabase in) {
  const auto database = co_await find(environment, kinds::mysql, Key{in.space(), in.name()});
  DatabaseShape shape;
  if (!database) co_return shape;
  shape.mode = text_at(*database, "/spec/topology/mode");
  shape.asks_for_new_set = !annotation(*database, api::strategy_annotation).empty();
  shape.storage = text_at(*database, "/spec/storage/resources/requests/storage");
  co_return shape;
}

bool is_cloned(const LookAtDatabase& in, const DatabaseShape& shape) {
  if (shape.mode != mysql::replication_group && shape.mode != mysql::semi_sync) return false;
  const auto from = mysql::parse_version(in.catalogue_version());
  const auto to = mysql::parse_version(in.target_version());
  return shape.asks_for_new_set || !from || !to || !mysql::within_lts_series(*from, *to);
}

asio::awaitable<bool> look_at_members(const Environment& environment, LookAtDatabase in,
                                      std::string mode, mysql::Sight& sight) {
  if (mode != mysql::replication_group && mode != mysql::semi_sync) co_return true;
  const mysql::GroupState seen =
      co_await look_patiently(environment, all_members(in, mode == mysql::semi_sync));
  for (const std::string& lack : seen.lacks()) *sight.add_findings() = not_whole(in, seen, lack);
  if (!seen.lacks().empty()) co_return false;
  if (mode == mysql::semi_sync) co_return true;
  co_return co_await look_for_gaps(environment, in, seen, sight);
}

}  // namespace ratchet::k8s
