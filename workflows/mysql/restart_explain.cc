#include "workflows/mysql/restart_explain.h"

#include "workflows/mysql/explain.h"
#include "workflows/mysql/group_explain.h"
#include "workflows/mysql/group_inputs.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

using engine::Failure;

namespace {

std::string pod_name(const Upgrade& restart, const std::string& pod) {
  return "pod " + restart.request.database().space() + "/" + pod;
}

}  // namespace

std::optional<Failure> not_restartable(const Upgrade& restart) {
  const std::string& topology = restart.database.topology();
  if (restart.database.standalone() || topology == replication_group || topology == semi_sync) {
    return std::nullopt;
  }
  return Failure{"not_supported",
                 "a database with spec.topology.mode " + topology +
                     " cannot be restarted: only standalone databases, replication groups and "
                     "semi-synchronous clusters can be restarted so far"};
}

Failure other_image(const Upgrade& restart, const std::string& pod) {
  return {"other_image",
          pod_name(restart, pod) +
              " has another image than its StatefulSet, so a restart would change its version. "
              "Finish the upgrade that was left half made (a MySQLOpsRequest of type UpdateVersion "
              "for that version), or set the StatefulSet's image back, then create the request "
              "again"};
}

std::optional<Failure> unfit_to_restart(const Upgrade& restart, const GroupState& group) {
  if (auto blocker = needs_everybody(restart, group)) return blocker;
  for (const GroupMember& member : group.members()) {
    if (member.pod_image() == group.set().image()) continue;
    return other_image(restart, member.workload().pod());
  }
  return std::nullopt;
}

Failure still_running(const Failure& why, const Upgrade& restart, const std::string& pod) {
  return {why.code, why.message + ". " + pod_name(restart, pod) + " is ready"};
}

Failure not_running(const Failure& why, const Failure& then, const Upgrade& restart,
                    const std::string& pod) {
  const std::string both = why.message + ". After that: " + then.message;
  if (database_is_gone(why) || database_is_gone(then)) return {why.code, both};
  return {why.code, both + ". Next: remove what keeps " + pod_name(restart, pod) +
                        " from serving (kubectl describe it); it is not held by the finalizer "
                        "ratchet.dev/clean-shutdown any more"};
}

Failure not_back(const Failure& why, const Upgrade& restart, const std::string& pod) {
  if (database_is_gone(why)) return why;
  return {why.code, why.message + ". The former server has ended. Next: remove what keeps " +
                        pod_name(restart, pod) + " from serving (kubectl describe it)"};
}

Failure restless_primary(const Upgrade& restart) {
  return {"restless_group", "the primary of MySQL " + full_name(restart) +
                                " was moved by somebody else again and again during the restart"};
}

Failure restarted_so_far(const Failure& why, const Upgrade& restart, const RestartResult& done) {
  if (database_is_gone(why)) return why;
  std::string pods;
  for (const std::string& pod : done.pods()) pods += (pods.empty() ? "" : ", ") + pod;
  return {why.code, why.message + ". Restarted before that: " + (pods.empty() ? "none" : pods) +
                        "; the others serve as before. Next: when MySQL " + full_name(restart) +
                        " is Ready, create another request, which restarts all members; the "
                        "database is resumed"};
}

}  // namespace ratchet::mysql
