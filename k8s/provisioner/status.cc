#include "k8s/provisioner/status.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace ratchet::k8s::provisioner {
namespace {

Json* find_condition(Json& status, const std::string& type) {
  for (Json& condition : status["conditions"]) {
    if (condition.value("type", "") == type) return &condition;
  }
  return nullptr;
}

// The place of a new condition: the five of the guides stand in their order, whichever loop adds
// one first; others come at the end.
Json::iterator place_of(Json& conditions, const std::string& type) {
  constexpr std::array order{"ProvisioningStarted", "ReplicaReady", "AcceptingConnection", "Ready",
                             "Provisioned"};
  const auto rank = [&](const std::string& t) {
    return std::find(order.begin(), order.end(), t) - order.begin();
  };
  const auto mine = rank(type);
  return std::find_if(conditions.begin(), conditions.end(), [&](const Json& c) {
    const auto other = rank(c.value("type", ""));
    return mine < other && other < std::ssize(order);
  });
}

}  // namespace

std::optional<bool> condition_status(const Json& status, const std::string& type) {
  for (const Json& condition : status.value("conditions", Json::array())) {
    if (condition.value("type", "") == type) return condition.value("status", "") == "True";
  }
  return std::nullopt;
}

void set_condition(Json& status, const Condition& condition, const std::string& now) {
  Json wanted = {{"type", condition.type},
                 {"status", condition.status ? "True" : "False"},
                 {"reason", condition.reason},
                 {"message", condition.message}};
  if (condition.observed_generation) wanted["observedGeneration"] = *condition.observed_generation;
  if (!status.contains("conditions")) status["conditions"] = Json::array();
  Json* old = find_condition(status, condition.type);
  wanted["lastTransitionTime"] = now;
  if (old == nullptr) {
    Json& conditions = status["conditions"];
    conditions.insert(place_of(conditions, condition.type), std::move(wanted));
    return;
  }
  if (old->value("observedGeneration", std::int64_t{0}) >
      condition.observed_generation.value_or(INT64_MAX)) {
    return;
  }
  wanted["lastTransitionTime"] = old->value("lastTransitionTime", now);
  if (*old == wanted) return;
  wanted["lastTransitionTime"] = now;
  *old = std::move(wanted);
}

void remove_condition(Json& status, const std::string& type) {
  if (!status.contains("conditions")) return;
  Json& conditions = status["conditions"];
  conditions.erase(std::remove_if(conditions.begin(), conditions.end(),
                                  [&](const Json& c) { return c.value("type", "") == type; }),
                   conditions.end());
}

std::string phase_of(const Json& status) {
  const auto is = [&](const char* type, bool value) {
    return condition_status(status, type) == value;
  };
  if (is("HealthCheckPaused", true)) return "Unknown";
  if (is("Halted", true)) return "Halted";
  if (is("DataRestoreStarted", true) && !condition_status(status, "DataRestored")) {
    return "DataRestoring";
  }
  if (is("DataRestored", false)) return "NotReady";
  if (!is("Provisioned", true)) return "Provisioning";
  if (is("AcceptingConnection", false)) return "NotReady";
  if (is("ReplicaReady", false) || is("Ready", false)) return "Critical";
  return is("Ready", true) ? "Ready" : "Provisioning";
}

void settle_provisioned(Json& status, const Database& database, const std::string& now) {
  if (condition_status(status, "Provisioned")) return;
  for (const char* needed : {"ReplicaReady", "AcceptingConnection", "Ready"}) {
    if (condition_status(status, needed) != true) return;
  }
  set_condition(status, provisioned(database), now);
}

Condition provisioning_started(const Database& database) {
  return {"ProvisioningStarted", true, "DatabaseProvisioningStartedSuccessfully",
          "The KubeDB operator has started the provisioning of MySQL: " + database.path()};
}

Condition replica_ready(const Database& database, const std::string& set, int desired, int ready) {
  if (ready >= desired) {
    return {"ReplicaReady", true, "AllReplicasReady", "All desired replicas are ready."};
  }
  return {"ReplicaReady", false, "SomeReplicasNotReady",
          "All desired replicas are not ready. For StatefulSet: " + database.space + "/" + set +
              " desired replicas: " + std::to_string(desired) +
              ", ready replicas: " + std::to_string(ready) + "."};
}

Condition accepting_connection(const Database& database, const std::optional<std::string>& error) {
  if (!error) {
    return {"AcceptingConnection", true, "AcceptingConnection",
            "database " + database.path() + " is accepting connection"};
  }
  return {"AcceptingConnection", false, "DatabaseNotAcceptingConnectionRequest",
          "The MySQL: " + database.path() + " is not accepting client requests, reason: " + *error};
}

Condition server_ready(const Database& database, bool ready) {
  if (ready) {
    return {"Ready", true, "AllReplicasReady", "database " + database.path() + " is ready"};
  }
  return {"Ready", false, "ReadinessCheckFailed",
          "The MySQL: " + database.path() + " is not ready."};
}

Condition provisioned(const Database& database) {
  return {"Provisioned", true, "DatabaseSuccessfullyProvisioned",
          "The MySQL: " + database.path() + " is successfully provisioned.", database.generation};
}

Condition group_incomplete(const std::string& reason, const std::string& message) {
  return {group_condition, false, reason, message};
}

Condition primary_missed(const std::string& pod) {
  return {primary_condition, false, "PrimaryUnreachable",
          pod + ", which holds the primary term, is not reached."};
}

Condition disk_full(const std::string& message) {
  return {disk_condition, true, "NoRoom", message};
}

Condition halted(const Database& database) {
  return {"Halted", true, "DatabaseHaltedSuccessfully",
          "MySQL " + database.path() + " successfully halted."};
}

Condition refused(const Database& database, const Refusal& refusal) {
  return {accepted_condition, false, refusal.reason, refusal.message, database.generation};
}

}  // namespace ratchet::k8s::provisioner
