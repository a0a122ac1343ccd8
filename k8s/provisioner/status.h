// Conditions and phase of a MySQL: pure functions on its status.
// Source of types, reasons, messages and of the order of the phases: KubeDB's API.
#pragma once

#include <optional>
#include <string>

#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

struct Condition {
  std::string type;
  bool status = true;
  std::string reason;
  std::string message;
  std::optional<std::int64_t> observed_generation = std::nullopt;
};

// The status of a condition: nothing if it is absent.
std::optional<bool> condition_status(const Json& status, const std::string& type);

// Adds or changes a condition. An identical one stays as it is; lastTransitionTime becomes `now`
// (RFC 3339) on any change; an older observedGeneration never replaces a newer one.
void set_condition(Json& status, const Condition& condition, const std::string& now);

void remove_condition(Json& status, const std::string& type);

// First match wins, in KubeDB's order. Paused does not matter.
std::string phase_of(const Json& status);

// Adds Provisioned once ReplicaReady, AcceptingConnection and Ready are all True.
void settle_provisioned(Json& status, const Database& database, const std::string& now);

Condition provisioning_started(const Database& database);
Condition replica_ready(const Database& database, const std::string& set, int desired, int ready);
// `error`: why the server does not answer; nothing if it does.
Condition accepting_connection(const Database& database, const std::optional<std::string>& error);
Condition server_ready(const Database& database, bool ready);
Condition provisioned(const Database& database);
// What a replication group lacks; absent while it lacks nothing.
inline constexpr const char* group_condition = "GroupComplete";
Condition group_incomplete(const std::string& reason, const std::string& message);
// Since when the primary of a semi-synchronous cluster is out of reach; absent while it is not.
inline constexpr const char* primary_condition = "PrimaryReached";
Condition primary_missed(const std::string& pod);
// Which servers have no room on their disks (full_disk.h); absent while all have.
inline constexpr const char* disk_condition = "DiskFull";
Condition disk_full(const std::string& message);
Condition halted(const Database& database);
Condition refused(const Database& database, const Refusal& refusal);

}  // namespace ratchet::k8s::provisioner
