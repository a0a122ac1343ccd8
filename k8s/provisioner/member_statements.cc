#include "k8s/provisioner/member_statements.h"

#include "k8s/provisioner/database.h"
#include "k8s/provisioner/digest.h"

namespace ratchet::k8s::provisioner {
namespace {

std::string account(const Credentials& credentials) { return quoted(credentials.user) + "@'%'"; }

bool is_at_least(const MemberSeen& seen, const char* version) {
  return compare_versions(version_digits(seen.version), version) >= 0;
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

// The mark comes last but for the read-only mode that is on from then on: a server that starts
// outside of its cluster takes no writes.
std::vector<std::string> prepare_statements(const Preparation& wish, const MemberSeen& seen,
                                            const Credentials& credentials) {
  std::vector<std::string> list = {"SET SESSION sql_log_bin = OFF", "SET GLOBAL offline_mode = OFF",
                                   "SET GLOBAL super_read_only = OFF",
                                   "SET GLOBAL read_only = OFF"};
  list.push_back("SET PERSIST server_id = " + std::to_string(wish.server_id));
  if (wish.fresh) {
    list.push_back(is_at_least(seen, "8.2") ? "RESET BINARY LOGS AND GTIDS" : "RESET MASTER");
  }
  list.push_back("CREATE USER IF NOT EXISTS " + account(credentials) + " IDENTIFIED BY " +
                 quoted(credentials.password) + " REQUIRE SSL");
  std::string grant = "GRANT REPLICATION SLAVE, CONNECTION_ADMIN, BACKUP_ADMIN";
  if (is_at_least(seen, "8.0.27")) grant += ", GROUP_REPLICATION_STREAM";
  list.push_back(grant + " ON *.* TO " + account(credentials));
  list.push_back("SET PERSIST_ONLY super_read_only = ON");
  list.push_back("ALTER USER " + account(credentials) + " IDENTIFIED BY " +
                 quoted(credentials.password) + " ATTRIBUTE " +
                 quoted("{\"ratchet\": \"" + account_mark(credentials) + "\"}"));
  if (!wish.stays_open) list.push_back("SET GLOBAL super_read_only = ON");
  return list;
}

// Copying begins with dropping the schemas that are there, which the super read-only mode forbids
// (error 1290). read_only stays on, and so does what the restart after copying reads.
std::vector<std::string> clone_statements(const Credentials& credentials,
                                          const std::string& donor_host) {
  return {"SET GLOBAL offline_mode = OFF", "SET GLOBAL super_read_only = OFF",
          "SET GLOBAL clone_valid_donor_list = " + quoted(donor_host + ":3306"),
          "CLONE INSTANCE FROM " + quoted(credentials.user) + "@" + quoted(donor_host) +
              ":3306 IDENTIFIED BY " + quoted(credentials.password) + " REQUIRE SSL"};
}

}  // namespace ratchet::k8s::provisioner
