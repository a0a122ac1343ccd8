#include "workflows/mysql/group_explain.h"

#include "workflows/mysql/explain.h"
#include "workflows/mysql/group_inputs.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

using engine::Failure;

namespace {

std::string cluster_of(const Upgrade& upgrade) {
  const bool semi = upgrade.database.topology() == semi_sync;
  return (semi ? "the cluster of MySQL " : "the group of MySQL ") + full_name(upgrade);
}

// While one is stopped the others must have a majority, and acknowledge what is committed.
std::optional<Failure> too_few_members(const Upgrade& upgrade, const GroupState& group) {
  const bool semi = upgrade.database.topology() == semi_sync;
  const int needed = semi ? static_cast<int>(group.acknowledgements()) + 2 : 3;
  if (group.members_size() >= needed) return std::nullopt;
  std::string text = cluster_of(upgrade) + " has " + std::to_string(group.members_size()) +
                     " member(s): while one is stopped ";
  text += semi ? "nothing could be committed, which takes " +
                     std::to_string(group.acknowledgements()) + " acknowledgement(s)"
               : "the others must have a majority";
  return Failure{"too_few_members", text + ". Scale it to " + std::to_string(needed) +
                                        " or more, then create the request again"};
}

// What runs decides, not what the catalogue says.
std::optional<Failure> other_version(const Upgrade& upgrade, const GroupMember& member) {
  const std::string& version = member.state().version();
  const CatalogueVersion& expected =
      runs_target(upgrade, member) ? upgrade.database.target() : upgrade.database.current();
  if (same_release(version, expected.version())) return std::nullopt;
  return Failure{"other_version_runs",
                 "the server in pod " + upgrade.request.database().space() + "/" +
                     member.workload().pod() + " is version " + version + ", but MySQLVersion " +
                     expected.name() + " says " + expected.version() +
                     ": which versions may follow is not known. Correct the MySQLVersion, or "
                     "spec.version, then create the request again"};
}

}  // namespace

Failure not_whole(const Upgrade& upgrade, const GroupState& group) {
  std::string why = cluster_of(upgrade) + " is not whole: ";
  const char* separator = "";
  for (const std::string& lack : group.lacks()) {
    why += separator + lack;
    separator = "; ";
  }
  return {"group_not_whole", why +
                                 ". No member is stopped while another is missing. Wait until the "
                                 "MySQL is Ready, or remove what keeps it from that (kubectl "
                                 "describe mysql), then create the request again"};
}

std::optional<Failure> needs_everybody(const Upgrade& upgrade, const GroupState& group) {
  if (group.lacks_size() > 0) return not_whole(upgrade, group);
  return too_few_members(upgrade, group);
}

std::optional<Failure> unfit_group(const Upgrade& upgrade, const GroupState& group) {
  if (auto blocker = needs_everybody(upgrade, group)) return blocker;
  return unfit_members(upgrade, group);
}

std::optional<Failure> unfit_members(const Upgrade& upgrade, const GroupState& group) {
  if (group.lacks_size() > 0) return not_whole(upgrade, group);
  for (const GroupMember& member : group.members()) {
    if (auto blocker = other_version(upgrade, member)) return blocker;
    if (auto blocker = unfit(upgrade, server_of(group, member))) return blocker;
  }
  return std::nullopt;
}

Failure group_forward_only_after(const Failure& why, const Upgrade& upgrade,
                                 const std::string& member) {
  if (database_is_gone(why)) return nothing_left_after(why);
  const std::string& target = upgrade.database.target().name();
  std::string text = why.message + ". Version " + target +
                     " may have opened the volume of a member, so the only way is forward: the "
                     "StatefulSet keeps the image of " +
                     target + ", and the other members of MySQL " + full_name(upgrade) +
                     " go on serving. Next: ";
  if (!member.empty()) {
    text += "remove what keeps pod " + upgrade.request.database().space() + "/" + member +
            " from joining the group (kubectl describe it; if its server does not start on its "
            "volume, delete claim and pod, and it gets a copy of the others' data), and ";
  }
  return {why.code, text + "when the MySQL is Ready, create a request for " + target +
                        ", which goes on with the members that are left; the database is resumed"};
}

Failure restless(const Upgrade& upgrade) {
  return {"restless_group", "the members of MySQL " + full_name(upgrade) +
                                " were replaced, or the primary was moved, by somebody else again "
                                "and again during the upgrade"};
}

UpdateResult the_result(const Upgrade& upgrade, const VerifiedGroup& group) {
  VerifiedServer server;
  for (const VerifiedMember& member : group.members()) server.set_version(member.version());
  return the_result(upgrade, server);
}

}  // namespace ratchet::mysql
