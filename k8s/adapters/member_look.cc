#include "k8s/adapters/member_look.h"

#include <string>
#include <utility>

#include "k8s/adapters/group_look.h"
#include "k8s/adapters/objects.h"
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

// How the member that has transactions of its own gets rid of them, once somebody has looked.
void add_way_out(const LookAtDatabase& in, const mysql::Workload& member, mysql::Finding& finding) {
  const std::string claim = member.claim().empty() ? "" : "pvc/" + member.claim() + " ";
  finding.set_pod(member.pod());
  finding.set_fix("look at them there (SHOW BINLOG EVENTS); kubectl delete -n " + in.space() + " " +
                  claim + "pod/" + member.pod() +
                  " gives the member a copy of the others' data instead");
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
    add_way_out(in, member.workload(), finding);
  }
  return finding;
}

}  // namespace

asio::awaitable<std::string> mode_of(const Environment& environment, LookAtDatabase in) {
  const auto database = co_await find(environment, kinds::mysql, Key{in.space(), in.name()});
  co_return database ? text_at(*database, "/spec/topology/mode") : "";
}

asio::awaitable<bool> look_at_members(const Environment& environment, LookAtDatabase in,
                                      std::string mode, mysql::Sight& sight) {
  if (mode != mysql::replication_group && mode != mysql::semi_sync) co_return true;
  const mysql::GroupState seen =
      co_await look_patiently(environment, all_members(in, mode == mysql::semi_sync));
  for (const std::string& lack : seen.lacks()) *sight.add_findings() = not_whole(in, seen, lack);
  const bool is_whole = seen.lacks().empty();
  co_return is_whole;
}

}  // namespace ratchet::k8s
