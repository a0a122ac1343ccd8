#include "k8s/provisioner/database.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <string_view>

#include "k8s/provisioner/pod_template.h"

namespace ratchet::k8s::provisioner {
namespace {

const Json& at_path(const Json& object, std::initializer_list<const char*> path) {
  static const Json none;
  const Json* here = &object;
  for (const char* name : path) {
    if (!here->is_object() || !here->contains(name)) return none;
    here = &here->at(name);
  }
  return *here;
}

std::string text_at(const Json& object, std::initializer_list<const char*> path) {
  const Json& found = at_path(object, path);
  return found.is_null() ? "" : found.get<std::string>();
}

DeletionPolicy policy_named(const std::string& name) {
  if (name == "DoNotTerminate") return DeletionPolicy::do_not_terminate;
  if (name == "Halt") return DeletionPolicy::halt;
  if (name == "WipeOut") return DeletionPolicy::wipe_out;
  return DeletionPolicy::remove;
}

// How much of a database survives its deletion under a policy.
int protection(DeletionPolicy policy) {
  switch (policy) {
    case DeletionPolicy::do_not_terminate:
      return 3;
    case DeletionPolicy::halt:
      return 2;
    case DeletionPolicy::remove:
      return 1;
    case DeletionPolicy::wipe_out:
      return 0;
  }
  return 3;
}

DeletionPolicy read_policy(const Json& spec) {
  const std::string now = text_at(spec, {"deletionPolicy"});
  const std::string before = text_at(spec, {"terminationPolicy"});
  if (now.empty()) return policy_named(before);
  if (before.empty()) return policy_named(now);
  const DeletionPolicy a = policy_named(now);
  const DeletionPolicy b = policy_named(before);
  return protection(a) >= protection(b) ? a : b;
}

std::optional<std::string> read_paused(const Json& mysql) {
  for (const Json& condition : at_path(mysql, {"status", "conditions"})) {
    if (condition.value("type", "") == "Paused" && condition.value("status", "") == "True") {
      return condition.value("lastTransitionTime", "");
    }
  }
  return std::nullopt;
}

constexpr const char* group_replication = "GroupReplication";

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

Refusal malformed(std::string message) { return {"MalformedSpec", std::move(message)}; }

std::optional<Refusal> refuse_unsupported(const Json& spec) {
  const auto unsupported = [](const std::string& field) {
    return Refusal{"Unsupported", "'" + field +
                                      "' is not supported by this version of Ratchet; remove it "
                                      "or keep this database with the operator that serves it"};
  };
  const std::string mode = text_at(spec, {"topology", "mode"});
  if (!at_path(spec, {"topology"}).is_null() && mode != group_replication) {
    return unsupported("spec.topology.mode: " + mode);
  }
  if (!mode.empty() && text_at(spec, {"topology", "group", "mode"}) == "Multi-Primary") {
    return unsupported("spec.topology.group.mode: Multi-Primary");
  }
  if (!mode.empty() && !at_path(spec, {"init", "script"}).is_null()) {
    return unsupported("spec.init.script with spec.topology");
  }
  if (!at_path(spec, {"tls"}).is_null()) return unsupported("spec.tls");
  if (!at_path(spec, {"monitor"}).is_null()) return unsupported("spec.monitor");
  if (!at_path(spec, {"init", "archiver"}).is_null()) return unsupported("spec.init.archiver");
  if (at_path(spec, {"init", "waitForInitialRestore"}) == true) {
    return unsupported("spec.init.waitForInitialRestore");
  }
  if (!at_path(spec, {"init", "script", "git"}).is_null()) {
    return unsupported("spec.init.script.git");
  }
  if (!at_path(spec, {"configuration", "inline"}).is_null()) {
    return unsupported("spec.configuration.inline");
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_storage(const Database& database) {
  const Json& spec = database.spec();
  const std::string type = text_at(spec, {"storageType"});
  if (!type.empty() && type != "Durable" && type != "Ephemeral") {
    return malformed("'spec.storageType' is invalid: \"" + type + "\"; it is Durable or Ephemeral");
  }
  if (!database.durable) {
    if (database.policy != DeletionPolicy::halt) return std::nullopt;
    return malformed("'spec.deletionPolicy: Halt' can not be used for 'Ephemeral' storage");
  }
  if (at_path(spec, {"storage"}).is_null()) {
    return malformed("spec.storage is missing for durable storage type");
  }
  const Json& size = at_path(spec, {"storage", "resources", "requests", "storage"});
  if (!size.is_string() && !size.is_number()) {
    return malformed(
        "spec.storage.resources.requests.storage is missing or no quantity; give a size such as "
        "10Gi");
  }
  return std::nullopt;
}

constexpr std::array<std::string_view, 4> forbidden_env = {
    "MYSQL_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD",
    "MYSQL_ONETIME_PASSWORD"};
constexpr std::array<std::string_view, 8> reserved_volumes = {
    "tmp",        "data",          "init-scripts",        "initial-script",
    "tls-volume", "custom-config", "exporter-tls-volume", "source-ca"};
constexpr std::array<std::string_view, 7> reserved_mounts = {"/tmp",
                                                             "/var/lib/mysql",
                                                             "/scripts",
                                                             "/etc/mysql/certs",
                                                             "/etc/mysql/conf.d",
                                                             "/docker-entrypoint-initdb.d",
                                                             "/etc/mysql/server/certs"};

template <std::size_t size>
bool contains(const std::array<std::string_view, size>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<Refusal> refuse_pod_template(const Json& spec) {
  const Json wish = container_wish(spec);
  for (const Json& variable : wish.value("env", Json::array())) {
    const std::string name = variable.at("name").get<std::string>();
    if (contains(forbidden_env, name)) {
      return malformed("environment variable " + name + " is forbidden to use in MySQL spec");
    }
  }
  for (const Json& mount : wish.value("volumeMounts", Json::array())) {
    const std::string path = mount.at("mountPath").get<std::string>();
    if (contains(reserved_mounts, path)) {
      return malformed("mount path " + path + " is reserved; mount your volume elsewhere");
    }
  }
  const Json& volumes = at_path(spec, {"podTemplate", "spec", "volumes"});
  for (const Json& volume : volumes) {
    const std::string name = volume.at("name").get<std::string>();
    if (contains(reserved_volumes, name)) {
      return malformed("volume name " + name + " is reserved; choose another");
    }
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_version(const Database& database, const Json& entry, bool exists) {
  if (entry.is_null()) {
    return Refusal{"UnknownVersion", "mysqlversions.catalog.kubedb.com \"" + database.version +
                                         "\" not found; `kubectl get mysqlversions` lists the "
                                         "names that spec.version can take"};
  }
  for (const char* field : {"/spec/version", "/spec/db/image"}) {
    const Json::json_pointer pointer(field);
    if (!entry.contains(pointer) || !entry.at(pointer).is_string() ||
        entry.at(pointer).get<std::string>().empty()) {
      return Refusal{"IncompleteVersion",
                     "MySQLVersion \"" + database.version + "\" lacks " + field};
    }
  }
  if (!exists && at_path(entry, {"spec", "deprecated"}) == true) {
    return Refusal{"DeprecatedVersion", "mysql " + database.path() +
                                            " is using deprecated version " + database.version +
                                            ". Skipped processing"};
  }
  // MySQL 5 keeps report_host in a column of 60 characters.
  const std::string host =
      database.name + "-0." + database.name + "-pods." + database.space + ".svc";
  if (text_at(entry, {"spec", "version"}).starts_with("5.") && host.size() > 60) {
    return malformed("the pod's host name " + host +
                     " is longer than the 60 characters that MySQL 5 can hold; choose a shorter "
                     "name or namespace");
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_replicas(const Database& database) {
  if (!database.group) {
    if (database.replicas == 1) return std::nullopt;
    return malformed("'spec.replicas' must be 1 for a standalone MySQL");
  }
  if (database.replicas < 3 || database.replicas > 9) {
    return malformed("accepted value of 'spec.replicas' for group replication is in range [3, 9]");
  }
  if (database.group->name.empty() || is_uuid(database.group->name)) return std::nullopt;
  return malformed("invalid group name is set: \"" + database.group->name +
                   "\" is no UUID; remove spec.topology.group.name to have one chosen");
}

// What members are told by SQL has been written so since 8.0.22; MariaDB has no such groups.
std::optional<Refusal> refuse_group_version(const Database& database, const Json& entry) {
  const std::string version = text_at(entry, {"spec", "version"});
  const bool mariadb = text_at(entry, {"spec", "distribution"}) == "MariaDB" ||
                       compare_versions(version_digits(version), "10") >= 0;
  if (!mariadb && compare_versions(version_digits(version), "8.0.22") >= 0) return std::nullopt;
  return Refusal{"Unsupported",
                 "group replication needs a MySQL server of 8.0.22 or newer; "
                 "MySQLVersion \"" +
                     database.version + "\" is " + (mariadb ? "MariaDB " : "MySQL ") + version};
}

std::optional<Refusal> refuse_checked(const Database& database, const Json& entry, bool exists) {
  const Json& spec = database.spec();
  if (database.version.empty()) return malformed("'spec.version' is missing");
  if (auto refusal = refuse_unsupported(spec)) return refusal;
  if (auto refusal = refuse_replicas(database)) return refusal;
  if (auto refusal = refuse_storage(database)) return refusal;
  if (auto refusal = refuse_pod_template(spec)) return refusal;
  if (auto refusal = refuse_version(database, entry, exists)) return refusal;
  if (database.group) return refuse_group_version(database, entry);
  return std::nullopt;
}

}  // namespace

Database read_database(const Json& mysql) {
  const Json& meta = mysql.at("metadata");
  const Json& spec = mysql.at("spec");
  Database database;
  database.space = meta.at("namespace").get<std::string>();
  database.name = meta.at("name").get<std::string>();
  database.uid = meta.at("uid").get<std::string>();
  database.generation = meta.value("generation", std::int64_t{0});
  database.version = text_at(spec, {"version"});
  database.auth_secret = text_at(spec, {"authSecret", "name"});
  database.owns_auth_secret =
      database.auth_secret.empty() || database.auth_secret == database.name + "-auth";
  if (database.auth_secret.empty()) database.auth_secret = database.name + "-auth";
  if (text_at(spec, {"topology", "mode"}) == group_replication) {
    database.group = Group{text_at(spec, {"topology", "group", "name"})};
  }
  database.replicas = spec.value("replicas", database.group ? 3 : 1);
  database.durable = text_at(spec, {"storageType"}) != "Ephemeral";
  database.halted = spec.value("halted", false);
  database.deleting = meta.contains("deletionTimestamp");
  database.policy = read_policy(spec);
  database.paused_since = read_paused(mysql);
  database.object = mysql;
  return database;
}

std::optional<Refusal> refuse(const Database& database, const Json& catalogue_entry, bool exists) {
  try {
    return refuse_checked(database, catalogue_entry, exists);
  } catch (const Json::exception& error) {
    return malformed(std::string("the spec has a field of the wrong type: ") + error.what());
  }
}

std::string version_digits(const std::string& text) {
  return text.substr(0, std::min(text.find_first_not_of("0123456789."), text.size()));
}

int compare_versions(const std::string& a, const std::string& b) {
  const auto next_part = [](std::string_view& rest) {
    long part = 0;
    std::size_t used = 0;
    for (; used < rest.size() && rest[used] != '.'; ++used) part = part * 10 + (rest[used] - '0');
    rest.remove_prefix(std::min(used + 1, rest.size()));
    return part;
  };
  const std::string left = version_digits(a);
  const std::string right = version_digits(b);
  std::string_view x = left;
  std::string_view y = right;
  while (!x.empty() || !y.empty()) {
    const long p = next_part(x);
    const long q = next_part(y);
    if (p != q) return p < q ? -1 : 1;
  }
  return 0;
}

}  // namespace ratchet::k8s::provisioner
