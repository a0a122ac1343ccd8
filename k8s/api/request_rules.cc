#include "k8s/api/request_rules.h"

#include "k8s/api/duration.h"
#include "k8s/api/field.h"
#include "k8s/api/references.h"
#include "k8s/api/scaling_rules.h"

namespace ratchet::k8s::api {
namespace {

void check_update(const Json& request, const std::string& type, Findings& findings) {
  if (target_version(request).empty()) {
    findings.push_back(
        {"spec.updateVersion", "spec.updateVersion nil not supported in " + type +
                                   " type: set spec.updateVersion.targetVersion to the name of a "
                                   "MySQLVersion"});
  }
  check_name(request, "spec.updateVersion.targetVersion", findings);
  check_name(request, "spec.upgrade.targetVersion", findings);
  const std::string now = text_field(request, "spec.updateVersion.targetVersion");
  const std::string before = text_field(request, "spec.upgrade.targetVersion");
  if (!now.empty() && !before.empty() && now != before) {
    findings.push_back({"spec.upgrade.targetVersion",
                        "\"" + before + "\" and spec.updateVersion.targetVersion \"" + now +
                            "\" differ; leave one of the two out"});
  }
}

// One operation a request: what is not done must not be asked for.
void check_only(const std::string& served, const Json& request, const std::string& type,
                Findings& findings) {
  const std::string nothing = "a request of type " + type + " does nothing about ";
  for (const char* block :
       {"updateVersion", "upgrade", "horizontalScaling", "verticalScaling", "volumeExpansion",
        "configuration", "tls", "authentication", "replicationModeTransformation", "migration"}) {
    const std::string path = std::string("spec.") + block;
    if (block == served || field(request, path).is_null()) continue;
    findings.push_back(
        {path, nothing + path + ": leave it out, and create another request for it"});
  }
}

void check_restart(const Json& request, const std::string& type, Findings& findings) {
  check_only("", request, type, findings);
}

void check_horizontal(const Json& request, const std::string& type, Findings& findings) {
  check_only("horizontalScaling", request, type, findings);
  check_horizontal_scaling(request, findings);
}

void check_vertical(const Json& request, const std::string& type, Findings& findings) {
  check_only("verticalScaling", request, type, findings);
  check_vertical_scaling(request, findings);
}

struct Type {
  const char* name;
  void (*check)(const Json& request, const std::string& type, Findings& findings);
};
constexpr Type types[] = {{"UpdateVersion", check_update},
                          {"Upgrade", check_update},
                          {"Restart", check_restart},
                          {"HorizontalScaling", check_horizontal},
                          {"VerticalScaling", check_vertical}};

const Type* find_type(const Json& request) {
  const std::string name = text_field(request, "spec.type");
  for (const Type& type : types) {
    if (name == type.name) return &type;
  }
  return nullptr;
}

std::string names_of_types() {
  std::string names;
  for (const Type& type : types) names += (names.empty() ? "" : ", ") + std::string(type.name);
  return names;
}

}  // namespace

std::vector<std::string> request_types() {
  std::vector<std::string> names;
  for (const Type& type : types) names.emplace_back(type.name);
  return names;
}

bool is_update(const Json& request) {
  const Type* type = find_type(request);
  return type != nullptr && type->check == check_update;
}

bool is_horizontal_scaling(const Json& request) {
  const Type* type = find_type(request);
  return type != nullptr && type->check == check_horizontal;
}

std::string target_version(const Json& request) {
  const std::string now = text_field(request, "spec.updateVersion.targetVersion");
  return now.empty() ? text_field(request, "spec.upgrade.targetVersion") : now;
}

Findings check_request(const Json& request) {
  Findings findings = check_namespaces(request);
  const Type* type = find_type(request);
  if (type == nullptr) {
    findings.push_back({"spec.type", "defined OpsRequestType " + text_field(request, "spec.type") +
                                         " is not supported, supported types for MySQL are " +
                                         names_of_types()});
  }
  if (text_field(request, "spec.databaseRef.name").empty()) {
    findings.push_back({"spec.databaseRef", "spec.databaseRef " +
                                                text_field(request, "metadata.namespace") +
                                                "/, is invalid or not found: name the MySQL"});
  }
  check_name(request, "spec.databaseRef.name", findings);
  if (type != nullptr) type->check(request, type->name, findings);
  const std::string timeout = text_field(request, "spec.timeout");
  if (!timeout.empty() && !parse_duration(timeout)) {
    findings.push_back({"spec.timeout", "spec.timeout \"" + timeout +
                                            "\" is no positive duration: write it like 20m or "
                                            "1h30m"});
  }
  return findings;
}

Findings database_not_found(const Json& request) {
  const std::string name = text_field(request, "metadata.namespace") + "/" +
                           text_field(request, "spec.databaseRef.name");
  return {{"spec.databaseRef", "spec.databaseRef " + name +
                                   ", is invalid or not found: create the MySQL first, or name "
                                   "another one"}};
}

Findings check_request_change(const Json& before, const Json& after) {
  if (field(before, "spec") == field(after, "spec")) return {};
  return {{"spec", "precondition failed for: MySQLOpsRequest " + object_path(after) +
                       ". At least one of the following was changed: spec; delete the request "
                       "and create another one"}};
}

}  // namespace ratchet::k8s::api
