#include "workflows/mysql/explain.h"

#include <string>

#include "workflows/mysql/ports.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

using engine::Failure;

std::string full_name(const Upgrade& upgrade) {
  return upgrade.request.database().space() + "/" + upgrade.request.database().name();
}

Failure not_supported(const Upgrade& upgrade) {
  std::string why = "upgrade from version " + upgrade.database.current().name() + " to " +
                    upgrade.database.target().name() + " is not supported: ";
  const char* separator = "";
  for (const std::string& blocker : upgrade.rules.blockers()) {
    why += separator + blocker;
    separator = "; ";
  }
  return {"not_supported", why};
}

std::optional<Failure> unfit(const Upgrade& upgrade, const Member& member) {
  const std::string where =
      "the server in pod " + upgrade.request.database().space() + "/" + member.workload.pod();
  if (const auto open = member.state.prepared_transactions(); open > 0) {
    return Failure{"prepared_transactions",
                   where + " has " + std::to_string(open) +
                       " prepared XA transaction(s), which another version may not be able to "
                       "finish. Commit or roll them back (XA RECOVER lists them), then create the "
                       "request again"};
  }
  if (member.state.forced_recovery() != 0) {
    return Failure{"forced_recovery", where +
                                          " runs with innodb_force_recovery, so its files may be "
                                          "damaged. Repair them first, then create the request "
                                          "again"};
  }
  // What runs has opened the volume; anything else that did has left an upgrade half made.
  const std::string& marked = member.workload.claim_version();
  if (!marked.empty() && !same_release(marked, member.state.version()) &&
      !same_release(marked, upgrade.database.target().version())) {
    return Failure{"other_version_on_disk",
                   "claim " + upgrade.request.database().space() + "/" + member.workload.claim() +
                       " may have been opened by version " + marked +
                       ": only that version may be the target. Create a request for it first"};
  }
  return std::nullopt;
}

bool database_is_gone(const Failure& failure) { return failure.code == database_gone_code; }

Failure nothing_left_after(const Failure& why) {
  return {why.code, why.message +
                        ". There is nothing left to go on with: no pod is held for the request any "
                        "more, and each claim that the deletion has kept says in its annotation "
                        "ratchet.dev/server-version, if it has one, which version may have opened "
                        "its volume"};
}

Failure put_back_after(const Failure& why, const Upgrade& upgrade) {
  if (database_is_gone(why)) return nothing_left_after(why);
  return {why.code, why.message + ". The upgrade was undone: MySQL " + full_name(upgrade) +
                        " runs version " + upgrade.database.current().name() + " as before"};
}

Failure stuck_after(const Failure& why, const Failure& then, const Upgrade& upgrade) {
  if (database_is_gone(why)) return nothing_left_after(why);
  if (database_is_gone(then)) {
    return nothing_left_after({why.code, why.message + ". After that: " + then.message});
  }
  return {why.code, why.message + ". Undoing the upgrade failed too: " + then.message +
                        ". No target server has opened the volume, so version " +
                        upgrade.database.current().name() +
                        " may be started on it. Next: remove what stops MySQL " +
                        full_name(upgrade) +
                        " from starting (a pod that is held by the finalizer "
                        "ratchet.dev/clean-shutdown: compare the image of its StatefulSet, then "
                        "remove the finalizer); the database is resumed"};
}

Failure forward_only_after(const Failure& why, const Upgrade& upgrade) {
  if (database_is_gone(why)) return nothing_left_after(why);
  const std::string& target = upgrade.database.target().name();
  return {why.code, why.message + ". Version " + target +
                        " may have opened the volume, so the former version must not be started "
                        "on it: the only way is forward. Next: remove what keeps MySQL " +
                        full_name(upgrade) + " from running " + target +
                        " (kubectl describe its pod), then create a request for " + target +
                        " with apply: Always; the database is resumed"};
}

UpdateResult the_result(const Upgrade& upgrade, const VerifiedServer& server) {
  UpdateResult result;
  result.set_from_version(upgrade.database.current().name());
  result.set_to_version(upgrade.database.target().name());
  result.set_server_version(server.version());
  return result;
}

}  // namespace ratchet::mysql
