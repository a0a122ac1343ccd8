#include "workflows/mysql/scaling_explain.h"

#include "workflows/mysql/explain.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

using engine::Failure;

namespace {

Failure then_met(const Failure& why, const Failure& then) {
  return {why.code, why.message + ". After that: " + then.message};
}

}  // namespace

std::string not_scalable(const Database& database) {
  if (database.topology() == replication_group) return "";
  const std::string what = database.standalone()
                               ? "it is a standalone server, which is one"
                               : "its spec.topology.mode is " + database.topology();
  return "OpsRequest haven't pointed to a Group Replication, Horizontal scaling applicable only "
         "for "
         "group Replication: " +
         what;
}

Failure restless_members(const Upgrade& scaling) {
  return {"restless_group", "the number of members of MySQL " + full_name(scaling) +
                                " was changed, or its members were replaced, by somebody else "
                                "again and again during the scaling"};
}

Failure scaled_so_far(const Failure& why, const Upgrade& scaling, int members, int from) {
  if (database_is_gone(why)) return why;
  return {why.code, why.message + ". MySQL " + full_name(scaling) + " has " +
                        std::to_string(members) + " members, as its spec.replicas says; it had " +
                        std::to_string(from) +
                        ". Next: when it is Ready, create another request, which goes on from "
                        "there; the database is resumed"};
}

Failure not_settled(const Failure& why, const Failure& then, const Upgrade& scaling, int members) {
  if (database_is_gone(why)) return why;
  if (database_is_gone(then)) return then_met(why, then);
  return {why.code, then_met(why, then).message + ". Next: see that MySQL " + full_name(scaling) +
                        " says spec.replicas: " + std::to_string(members) +
                        ", by which its StatefulSet goes now that it is resumed, and that no pod "
                        "of it is held by the finalizer ratchet.dev/clean-shutdown"};
}

Failure former_resources_after(const Failure& why, const Upgrade& scaling,
                               const std::string& made_anew) {
  if (database_is_gone(why)) return why;
  const std::string anew = made_anew.empty()
                               ? ""
                               : ", and pod " + scaling.request.database().space() + "/" +
                                     made_anew + " was made anew with them, and is ready";
  return {why.code, why.message + ". The StatefulSet of MySQL " + full_name(scaling) +
                        " has its former resources again, as spec.podTemplate says" + anew +
                        "; a pod that "
                        "was started with the new ones has them until it is deleted or restarted"};
}

Failure resources_stuck_after(const Failure& why, const Failure& then, const Upgrade& scaling) {
  if (database_is_gone(why)) return why;
  if (database_is_gone(then)) return then_met(why, then);
  return {why.code, why.message + ". Giving the former resources back failed too: " + then.message +
                        ". Next: the StatefulSet gets what spec.podTemplate says now that MySQL " +
                        full_name(scaling) +
                        " is resumed; delete the pods of it that do not serve, so that they are "
                        "made from that"};
}

Failure unsaid_after(const Failure& why, const Upgrade& scaling, const std::string& field) {
  if (database_is_gone(why)) return why;
  return {why.code, why.message + ". MySQL " + full_name(scaling) +
                        " is as the request wants it, which its " + field +
                        " does not say, and its StatefulSet follows that now that it is resumed. "
                        "Next: change " +
                        field + " as the request has it, or create the request again"};
}

}  // namespace ratchet::mysql
