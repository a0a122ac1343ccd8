// A MySQL object as the provisioner reads it: both API versions, with the defaults that KubeDB's
// webhook would have written, and the reasons to refuse it. Pure functions of JSON.
// Source of the rules: KubeDB's API, era v2022.08.08.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "k8s/client/client.h"

namespace ratchet::k8s::provisioner {

enum class DeletionPolicy { halt, remove, wipe_out, do_not_terminate };

// A group of servers that replicate to each other (spec.topology.mode GroupReplication).
struct Group {
  std::string name;  // a UUID; empty until one was chosen
};

struct Database {
  std::string space;
  std::string name;
  std::string uid;
  std::int64_t generation = 0;
  std::string version;         // name of a MySQLVersion
  std::string auth_secret;     // spec.authSecret.name or the name that it will get
  std::optional<Group> group;  // nothing: a standalone server
  int replicas = 1;
  bool owns_auth_secret = true;
  bool durable = true;
  bool halted = false;
  bool deleting = false;
  // Of the two names of the policy the more protective value counts where both are given.
  DeletionPolicy policy = DeletionPolicy::remove;
  // lastTransitionTime of the Paused condition while that is True.
  std::optional<std::string> paused_since;
  Json object;  // as read

  const Json& spec() const { return object.at("spec"); }
  std::string path() const { return space + "/" + name; }
};

// Why a MySQL is not provisioned: `reason` for the condition, `message` says what and what to do.
struct Refusal {
  std::string reason;
  std::string message;
};

// The condition that carries a refusal; absent while there is nothing to refuse.
inline constexpr const char* accepted_condition = "SpecAccepted";

// Throws Json::exception where a field that everything depends on (metadata, spec, version) has
// the wrong type.
Database read_database(const Json& mysql);

// Checks what the API server's schema cannot. `catalogue_entry` is the MySQLVersion, null if there
// is none of that name. `exists`: the workload is already there, so a version that was deprecated
// meanwhile is no reason to drop it.
std::optional<Refusal> refuse(const Database& database, const Json& catalogue_entry, bool exists);

// Numeric comparison of dotted versions, the missing parts zero, anything after the digits left
// out: "11.8.6-MariaDB" is 11.8.6. Negative, zero or positive as a < b, a = b, a > b.
int compare_versions(const std::string& a, const std::string& b);

// The leading digits and dots of a server's version text.
std::string version_digits(const std::string& text);

}  // namespace ratchet::k8s::provisioner
