#include "k8s/api/database_changes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "k8s/api/database_rules.h"
#include "k8s/api/field.h"

namespace ratchet::k8s::api {
namespace {

const Json* condition(const Json& mysql, const std::string& type) {
  const Json& conditions = field(mysql, "status.conditions");
  if (!conditions.is_array()) return nullptr;
  for (const Json& one : conditions) {
    if (text_field(one, "type") == type) return &one;
  }
  return nullptr;
}

bool holds(const Json& mysql, const std::string& type) {
  const Json* found = condition(mysql, type);
  return found != nullptr && text_field(*found, "status") == "True";
}

// Whether the provisioner waits for another version, so that nobody could go on without an edit.
bool waits_for_version(const Json& mysql) {
  constexpr std::array<std::string_view, 5> reasons = {"UnknownVersion", "IncompleteVersion",
                                                       "DeprecatedVersion", "ImageOlderThanData",
                                                       "UpgradeNeedsRequest"};
  const Json* accepted = condition(mysql, "SpecAccepted");
  return accepted != nullptr && text_field(*accepted, "status") == "False" &&
         std::find(reasons.begin(), reasons.end(), text_field(*accepted, "reason")) !=
             reasons.end();
}

void check_version_edit(const Json& before, const Json& after, Findings& findings) {
  const std::string from = text_field(before, "spec.version");
  const std::string to = text_field(after, "spec.version");
  if (from == to) return;
  const bool begun = holds(before, "ProvisioningStarted");
  if (!holds(before, "Paused") && (!begun || waits_for_version(before))) return;
  findings.push_back({"spec.version",
                      "spec.version of MySQL " + object_path(after) + " stays " + from +
                          ": an edit does not upgrade a server. Create a MySQLOpsRequest of type "
                          "UpdateVersion in namespace " +
                          text_field(after, "metadata.namespace") +
                          " with spec.databaseRef.name: " + text_field(after, "metadata.name") +
                          " and spec.updateVersion.targetVersion: " + to,
                      "UpgradeNeedsRequest"});
}

Json without_mark(const Json& init) {
  Json rest = init;
  if (rest.is_object()) rest.erase("initialized");
  return rest;
}

void check_fixed(const Json& before, const Json& after, Findings& findings) {
  const auto refuse = [&](const std::string& path, const std::string& advice) {
    findings.push_back({path, "precondition failed for: MySQL " + object_path(after) +
                                  ". At least one of the following was changed: " + path + "; " +
                                  advice});
  };
  const auto storage = [](const Json& mysql) {
    return text_field(mysql, "spec.storageType") == "Ephemeral";
  };
  if (storage(before) != storage(after)) {
    refuse("spec.storageType", "create another MySQL and move the data there");
  }
  const bool initialized = is_true(before, "spec.init.initialized");
  if (initialized &&
      without_mark(field(before, "spec.init")) != without_mark(field(after, "spec.init"))) {
    refuse("spec.init", "it ran when the database was made, and does not run again");
  }
}

}  // namespace

Findings check_change(const Json& before, const Json& after, bool by_ops_manager) {
  Findings findings;
  if (!by_ops_manager) check_version_edit(before, after, findings);
  check_fixed(before, after, findings);
  return findings;
}

Findings check_deletion(const Json& mysql) {
  if (deletion_policy(mysql) != DeletionPolicy::do_not_terminate) return {};
  const bool old = text_field(mysql, "spec.deletionPolicy").empty();
  const std::string path = old ? "spec.terminationPolicy" : "spec.deletionPolicy";
  return {{path,
           "mysql \"" + object_path(mysql) + "\" can't be terminated. To delete, change " + path}};
}

}  // namespace ratchet::k8s::api
