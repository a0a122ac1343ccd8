#include "k8s/provisioner/group_statements.h"

#include "k8s/provisioner/database.h"
#include "k8s/provisioner/digest.h"

namespace ratchet::k8s::provisioner {
namespace {

constexpr const char* no_bootstrap = "SET GLOBAL group_replication_bootstrap_group = OFF";
constexpr const char* stop = "STOP GROUP_REPLICATION";

// The password is kept in memory only, for as long as the member is in the group.
std::string start(const Credentials& credentials) {
  return "START GROUP_REPLICATION USER = " + quoted(credentials.user) +
         ", PASSWORD = " + quoted(credentials.password);
}

std::string account(const Credentials& credentials) { return quoted(credentials.user) + "@'%'"; }

bool is_at_least(const Member& member, const char* version) {
  return compare_versions(version_digits(member.seen->version), version) >= 0;
}

// The mark comes last but for the read-only mode that is on from then on: whoever bears it is ready
// to join, and a server that starts outside of its group takes no writes.
std::vector<std::string> configure(const Action& action, const Member& member,
                                   const Credentials& credentials) {
  std::vector<std::string> list = {"SET SESSION sql_log_bin = OFF", "SET GLOBAL offline_mode = OFF",
                                   "SET GLOBAL super_read_only = OFF",
                                   "SET GLOBAL read_only = OFF"};
  list.push_back("SET PERSIST server_id = " + std::to_string(member.server_id));
  if (action.fresh) {
    list.push_back(is_at_least(member, "8.2") ? "RESET BINARY LOGS AND GTIDS" : "RESET MASTER");
  }
  list.push_back("CREATE USER IF NOT EXISTS " + account(credentials) + " IDENTIFIED BY " +
                 quoted(credentials.password) + " REQUIRE SSL");
  std::string grant = "GRANT REPLICATION SLAVE, CONNECTION_ADMIN, BACKUP_ADMIN";
  if (is_at_least(member, "8.0.27")) grant += ", GROUP_REPLICATION_STREAM";
  list.push_back(grant + " ON *.* TO " + account(credentials));
  list.push_back("SET PERSIST_ONLY super_read_only = ON");
  list.push_back("ALTER USER " + account(credentials) + " IDENTIFIED BY " +
                 quoted(credentials.password) + " ATTRIBUTE " +
                 quoted("{\"ratchet\": \"" + account_mark(credentials) + "\"}"));
  list.push_back("SET GLOBAL super_read_only = ON");
  return list;
}

// Whether copying is due has been decided by then.
std::vector<std::string> join(const Credentials& credentials) {
  return {no_bootstrap, "SET GLOBAL offline_mode = OFF",
          "SET GLOBAL group_replication_clone_threshold = 9223372036854775807", start(credentials)};
}

std::vector<std::string> clone(const Credentials& credentials, const std::string& donor_host) {
  return {no_bootstrap, "SET GLOBAL offline_mode = OFF",
          "SET GLOBAL clone_valid_donor_list = " + quoted(donor_host + ":3306"),
          "CLONE INSTANCE FROM " + quoted(credentials.user) + "@" + quoted(donor_host) +
              ":3306 IDENTIFIED BY " + quoted(credentials.password) + " REQUIRE SSL"};
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') literal += '\\';
    literal += c;
  }
  return literal + "'";
}

std::string account_mark(const Credentials& credentials) {
  return short_digest(credentials.user + "\n" + credentials.password);
}

std::vector<std::string> statements(const Action& action, const Member& member,
                                    const Credentials& credentials, const std::string& donor_host) {
  switch (action.kind) {
    case Action::Kind::configure:
      return configure(action, member, credentials);
    case Action::Kind::bootstrap:
      return {"SET GLOBAL offline_mode = OFF", "SET GLOBAL group_replication_bootstrap_group = ON",
              start(credentials), no_bootstrap};
    case Action::Kind::join:
      return join(credentials);
    case Action::Kind::rejoin: {
      std::vector<std::string> list = {stop};
      for (std::string& statement : join(credentials)) list.push_back(std::move(statement));
      return list;
    }
    case Action::Kind::leave:
      return {stop};
    case Action::Kind::clone:
      return clone(credentials, donor_host);
  }
  return {};
}

}  // namespace ratchet::k8s::provisioner
