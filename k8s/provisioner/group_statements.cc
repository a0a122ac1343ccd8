#include "k8s/provisioner/group_statements.h"

#include <utility>

namespace ratchet::k8s::provisioner {
namespace {

constexpr const char* no_bootstrap = "SET GLOBAL group_replication_bootstrap_group = OFF";
constexpr const char* stop = "STOP GROUP_REPLICATION";

// The password is kept in memory only, for as long as the member is in the group.
std::string start(const Credentials& credentials) {
  return "START GROUP_REPLICATION USER = " + quoted(credentials.user) +
         ", PASSWORD = " + quoted(credentials.password);
}

// As the server itself knows at that moment: a primary is open, everybody else is not.
constexpr const char* is_standby =
    "(SELECT MEMBER_ROLE <> 'PRIMARY' FROM performance_schema.replication_group_members"
    " WHERE MEMBER_ID = @@server_uuid)";

// Whether copying is due has been decided by then.
std::vector<std::string> join(const Credentials& credentials) {
  return {no_bootstrap, "SET GLOBAL offline_mode = OFF",
          "SET GLOBAL group_replication_clone_threshold = 9223372036854775807", start(credentials)};
}

std::vector<std::string> after(const char* first, std::vector<std::string> rest) {
  rest.insert(rest.begin(), first);
  return rest;
}

}  // namespace

std::vector<std::string> statements(const Action& action, const Member& member,
                                    const Credentials& credentials, const std::string& donor_host) {
  switch (action.kind) {
    case Action::Kind::configure:
      return prepare_statements({.server_id = member.server_id, .fresh = action.fresh},
                                *member.seen, credentials);
    case Action::Kind::bootstrap:
      return {"SET GLOBAL offline_mode = OFF", "SET GLOBAL group_replication_bootstrap_group = ON",
              start(credentials), no_bootstrap};
    case Action::Kind::join:
      return join(credentials);
    case Action::Kind::rejoin:
      return after(stop, join(credentials));
    case Action::Kind::leave:
      return {stop};
    case Action::Kind::open:
      return {std::string("SET GLOBAL super_read_only = ") + is_standby,
              std::string("SET GLOBAL read_only = ") + is_standby};
    case Action::Kind::clone:
      return after(no_bootstrap, clone_statements(credentials, donor_host));
  }
  return {};
}

}  // namespace ratchet::k8s::provisioner
