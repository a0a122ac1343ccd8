#include "k8s/api/database_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include "k8s/api/certificates.h"
#include "k8s/api/duration.h"
#include "k8s/api/field.h"
#include "k8s/api/pod_rules.h"
#include "k8s/api/references.h"
#include "k8s/api/version.h"

namespace ratchet::k8s::api {
namespace {

DeletionPolicy policy_named(const std::string& name) {
  if (name == "DoNotTerminate") return DeletionPolicy::do_not_terminate;
  if (name == "Halt") return DeletionPolicy::halt;
  if (name == "WipeOut") return DeletionPolicy::wipe_out;
  return DeletionPolicy::remove;
}

// How much of a database survives its deletion under a policy.
int protection(DeletionPolicy policy) {
  constexpr std::array order = {DeletionPolicy::wipe_out, DeletionPolicy::remove,
                                DeletionPolicy::halt, DeletionPolicy::do_not_terminate};
  return static_cast<int>(std::find(order.begin(), order.end(), policy) - order.begin());
}

void refuse_unsupported(const std::string& what, const std::string& path, Findings& findings) {
  findings.push_back({path,
                      "'" + what +
                          "' is not supported by this version of Ratchet; remove it or keep this "
                          "database with the operator that serves it",
                      unsupported});
}

void check_unsupported(const Json& mysql, Findings& findings) {
  const std::string mode = text_field(mysql, "spec.topology.mode");
  if (!mode.empty() && mode != "GroupReplication" && mode != "SemiSync") {
    refuse_unsupported("spec.topology.mode: " + mode, "spec.topology.mode", findings);
  }
  for (const char* path : {"spec.monitor", "spec.init.archiver", "spec.init.script.git",
                           "spec.configuration.inline"}) {
    if (!field(mysql, path).is_null()) refuse_unsupported(path, path, findings);
  }
  if (!mode.empty() && text_field(mysql, "spec.topology.group.mode") == "Multi-Primary") {
    const std::string path = "spec.topology.group.mode";
    refuse_unsupported(path + ": Multi-Primary", path, findings);
  }
  const bool scripted = !mode.empty() && !field(mysql, "spec.init.script").is_null();
  if (scripted && field(mysql, "spec.init.script.configMap").is_null() &&
      field(mysql, "spec.init.script.secret").is_null()) {
    refuse_unsupported(
        "spec.init.script with spec.topology from anything but a configMap or secret",
        "spec.init.script", findings);
  }
  const std::string restore = "spec.init.waitForInitialRestore";
  if (is_true(mysql, restore)) refuse_unsupported(restore, restore, findings);
}

bool is_uuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) {
      return false;
    }
  }
  return true;
}

// A whole number; far outside of every range if something else is there.
std::int64_t number_at(const Json& object, const std::string& path, std::int64_t absent) {
  const Json& found = field(object, path);
  if (found.is_null()) return absent;
  return found.is_number_integer() ? found.get<std::int64_t>()
                                   : std::numeric_limits<std::int64_t>::min();
}

// A commit that is told to the client although nobody acknowledged it may be lost with the primary:
// so a primary waits until its replicas are back, and not for seconds.
void check_semi_sync(const Json& mysql, Findings& findings) {
  const std::int64_t members = number_at(mysql, "spec.replicas", 3);
  if (members < 2 || members > 9) {
    findings.push_back(
        {"spec.replicas", "accepted value of 'spec.replicas' for SemiSync is in range [2, 9]"});
  }
  const std::string count = "spec.topology.semiSync.sourceWaitForReplicaCount";
  const std::int64_t acknowledgements = number_at(mysql, count, 1);
  if (acknowledgements < 1 || acknowledgements >= std::max<std::int64_t>(members, 2)) {
    findings.push_back({count,
                        "must be at least 1 and less than 'spec.replicas', as the primary "
                        "acknowledges nothing to itself"});
  }
  const std::string path = "spec.topology.semiSync.sourceTimeout";
  const std::string text = text_field(mysql, path);
  if (field(mysql, path).is_null() || text.empty()) return;
  const auto timeout = parse_duration(text);
  if (timeout && *timeout >= std::chrono::hours(1)) return;
  findings.push_back({path,
                      "must be a duration of at least 1h, such as 24h: after it the primary "
                      "says to be committed what only it has"});
}

void check_topology(const Json& mysql, Findings& findings) {
  const std::string mode = text_field(mysql, "spec.topology.mode");
  if (!field(mysql, "spec.topology").is_null() && mode.empty()) {
    findings.push_back({"spec.topology.mode",
                        "a valid 'spec.topology.mode' must be set for MySQL clustering; remove "
                        "spec.topology for a standalone server"});
  }
  if (field(mysql, "spec.topology").is_null() && number_at(mysql, "spec.replicas", 1) != 1) {
    findings.push_back({"spec.replicas",
                        "'spec.replicas' must be 1 for a standalone MySQL; set spec.topology.mode "
                        "for more"});
  }
  if (mode == "SemiSync") check_semi_sync(mysql, findings);
  if (mode != "GroupReplication") return;
  const std::int64_t members = number_at(mysql, "spec.replicas", 3);
  if (members < 3 || members > 9) {
    findings.push_back(
        {"spec.replicas",
         "accepted value of 'spec.replicas' for group replication is in range [3, 9]"});
  }
  const std::string name = text_field(mysql, "spec.topology.group.name");
  if (!name.empty() && !is_uuid(name)) {
    findings.push_back(
        {"spec.topology.group.name", "invalid group name is set: \"" + name +
                                         "\" is no UUID; remove the field to have one chosen"});
  }
}

constexpr const char* storage_class_path = "spec.storage.storageClassName";

void check_size(const Json& mysql, Findings& findings) {
  const std::string path = "spec.storage.resources.requests.storage";
  const Json& size = field(mysql, path);
  const bool fits =
      size.is_number() || (size.is_string() && !size.get_ref<const std::string&>().empty() &&
                           std::isdigit(static_cast<unsigned char>(size.get<std::string>()[0])));
  if (fits) return;
  findings.push_back({path, "is missing or no quantity; give a size such as 10Gi"});
}

void check_storage(const Json& mysql, Findings& findings) {
  const std::string type = text_field(mysql, "spec.storageType");
  if (!type.empty() && type != "Durable" && type != "Ephemeral") {
    findings.push_back({"spec.storageType", "'spec.storageType' is invalid: \"" + type +
                                                "\"; it is Durable or Ephemeral"});
  }
  if (type == "Ephemeral") {
    if (deletion_policy(mysql) == DeletionPolicy::halt) {
      findings.push_back({"spec.deletionPolicy",
                          "'spec.deletionPolicy: Halt' can not be used for 'Ephemeral' storage; "
                          "nothing would be kept: choose Delete or WipeOut"});
    }
    return;
  }
  if (field(mysql, "spec.storage").is_null()) {
    findings.push_back({"spec.storage",
                        "spec.storage is missing for durable storage type; describe the claim, or "
                        "set spec.storageType: Ephemeral"});
    return;
  }
  check_name(mysql, storage_class_path, findings);
  check_size(mysql, findings);
}

void check_numbers(const Json& mysql, Findings& findings) {
  for (const char* name : {"periodSeconds", "timeoutSeconds", "failureThreshold"}) {
    const std::string path = std::string("spec.healthChecker.") + name;
    if (number_at(mysql, path, 1) < 1) {
      findings.push_back({path, "must be at least 1; remove the field for the default"});
    }
  }
  const std::string port = "spec.monitor.prometheus.exporter.port";
  const std::int64_t number = number_at(mysql, port, 56790);
  if (number < 1024 || number > 65535) {
    findings.push_back({port, "must be in range [1024, 65535]"});
  }
}

void check_names(const Json& mysql, Findings& findings) {
  for (const char* path : {"spec.version", "spec.authSecret.name", "spec.configSecret.name",
                           "spec.configuration.secretName", "spec.init.script.configMap.name",
                           "spec.init.script.secret.secretName"}) {
    check_name(mysql, path, findings);
  }
}

// MySQL 5 keeps report_host in a column of 60 characters.
void check_host_name(const Json& mysql, const std::string& server_version, Findings& findings) {
  const std::string name = text_field(mysql, "metadata.name");
  const std::string host =
      name + "-0." + name + "-pods." + text_field(mysql, "metadata.namespace") + ".svc";
  if (!server_version.starts_with("5.") || host.size() <= 60) return;
  findings.push_back(
      {"metadata.name", "the pod's host name " + host +
                            " is longer than the 60 characters that MySQL 5 can hold; choose a "
                            "shorter name or namespace"});
}

// What members are told by SQL has been written so since 8.0.22 (groups) and 8.0.26 (semi-sync);
// MariaDB has neither.
void check_cluster_version(const Json& mysql, const Json& catalogue_entry, Findings& findings) {
  const std::string mode = text_field(mysql, "spec.topology.mode");
  if (mode != "GroupReplication" && mode != "SemiSync") return;
  const bool group = mode == "GroupReplication";
  const char* least = group ? "8.0.22" : "8.0.26";
  const std::string version = text_field(catalogue_entry, "spec.version");
  const std::string digits = version_digits(version);
  const bool mariadb = text_field(catalogue_entry, "spec.distribution") == "MariaDB" ||
                       compare_versions(digits, "10") >= 0;
  if (!mariadb && compare_versions(digits, least) >= 0) return;
  findings.push_back({"spec.version",
                      std::string(group ? "group replication" : "SemiSync") +
                          " needs a MySQL server of " + least + " or newer; MySQLVersion \"" +
                          text_field(mysql, "spec.version") + "\" is " +
                          (mariadb ? "MariaDB " : "MySQL ") + version,
                      unsupported});
}

}  // namespace

DeletionPolicy deletion_policy(const Json& mysql) {
  const std::string now = text_field(mysql, "spec.deletionPolicy");
  const std::string before = text_field(mysql, "spec.terminationPolicy");
  const DeletionPolicy a = policy_named(now.empty() ? before : now);
  const DeletionPolicy b = policy_named(before.empty() ? now : before);
  const DeletionPolicy given = protection(a) >= protection(b) ? a : b;
  const bool halts = is_true(mysql, "spec.halted") && given != DeletionPolicy::do_not_terminate;
  return halts ? DeletionPolicy::halt : given;
}

bool names_version(const Json& mysql) { return is_object_name(text_field(mysql, "spec.version")); }

Findings check_database(const Json& mysql) {
  Findings findings = check_namespaces(mysql);
  if (text_field(mysql, "spec.version").empty()) {
    findings.push_back({"spec.version",
                        "'spec.version' is missing; `kubectl get mysqlversions` lists the names "
                        "that it can take"});
  }
  check_names(mysql, findings);
  check_topology(mysql, findings);
  check_storage(mysql, findings);
  append(findings, check_pod_template(mysql));
  if (!field(mysql, "spec.tls").is_null()) check_certificates(mysql, findings);
  check_numbers(mysql, findings);
  if (is_true(mysql, "spec.halted") && deletion_policy(mysql) == DeletionPolicy::do_not_terminate) {
    findings.push_back({"spec.halted",
                        "Can't halt, since termination policy is 'DoNotTerminate'; change "
                        "spec.deletionPolicy first"});
  }
  check_unsupported(mysql, findings);
  return findings;
}

Findings check_version(const Json& mysql, const Json& catalogue_entry, bool exists) {
  const std::string version = text_field(mysql, "spec.version");
  if (catalogue_entry.is_null()) {
    return {{"spec.version",
             "mysqlversions.catalog.kubedb.com \"" + version +
                 "\" not found; `kubectl get mysqlversions` lists the names that spec.version can "
                 "take",
             "UnknownVersion"}};
  }
  Findings findings;
  for (const char* path : {"spec.version", "spec.db.image"}) {
    if (!text_field(catalogue_entry, path).empty()) continue;
    findings.push_back(
        {"spec.version", "MySQLVersion \"" + version + "\" lacks " + path, "IncompleteVersion"});
  }
  if (!exists && is_true(catalogue_entry, "spec.deprecated")) {
    findings.push_back({"spec.version",
                        "mysql " + object_path(mysql) + " is using deprecated version " + version +
                            ". Skipped processing; `kubectl get mysqlversions` shows which are not",
                        "DeprecatedVersion"});
  }
  check_host_name(mysql, text_field(catalogue_entry, "spec.version"), findings);
  check_cluster_version(mysql, catalogue_entry, findings);
  return findings;
}

std::string named_storage_class(const Json& mysql) {
  if (text_field(mysql, "spec.storageType") == "Ephemeral") return "";
  const std::string name = text_field(mysql, storage_class_path);
  return is_object_name(name) ? name : "";
}

Finding storage_class_not_found(const Json& mysql) {
  const std::string path = storage_class_path;
  return {path,
          path + " \"" + text_field(mysql, path) +
              "\" not found; `kubectl get storageclasses` lists the names that it can take",
          "UnknownStorageClass"};
}

}  // namespace ratchet::k8s::api
