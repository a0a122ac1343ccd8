// A MySQL object as the provisioner reads it: both API versions, and the reasons to refuse it. Pure
// functions of JSON. The rules are those of k8s/api, which the webhook asks too.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "k8s/api/database_rules.h"
#include "k8s/api/version.h"
#include "k8s/client/client.h"
#include "k8s/provisioner/semi_sync.h"

namespace ratchet::k8s::provisioner {

using api::DeletionPolicy;

// A group of servers that replicate to each other (spec.topology.mode GroupReplication).
struct Group {
  std::string name;  // a UUID; empty until one was chosen
};

// The certificates of the servers (spec.tls).
struct Tls {
  std::map<std::string, std::string> secrets;  // by alias
  Json issuer;                                 // spec.tls.issuerRef; null: the secrets are given
};

struct Database {
  std::string space;
  std::string name;
  std::string set_name;  // of its StatefulSet, where there is none
  std::string uid;
  std::int64_t generation = 0;
  std::string version;      // name of a MySQLVersion
  std::string auth_secret;  // spec.authSecret.name or the name that it will get
  std::optional<Group> group;
  std::optional<SemiSync> semi_sync;  // neither: a standalone server
  std::optional<Tls> tls;             // nothing: each server makes its own certificate
  // Keys of the source of a cluster's init script, while that is still to run (runs_init_script):
  // in its first member, as every member that joins gets the data of the others.
  std::vector<std::string> init_files;
  int replicas = 1;
  bool owns_auth_secret = true;
  bool durable = true;
  bool halted = false;
  bool deleting = false;
  DeletionPolicy policy = DeletionPolicy::remove;
  // lastTransitionTime of the Paused condition while that is True.
  std::optional<std::string> paused_since;
  Json object;  // as read

  bool is_cluster() const { return group || semi_sync; }
  // Of a cluster only until it is provisioned: a member that loses its data later joins empty.
  bool runs_init_script() const;
  std::string config_secret() const;  // by either name of the field; empty if none is named
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

// Whether it may be halted, if it is to be: nothing else of its spec matters then.
std::optional<Refusal> refuse_halt(const Database& database);

// Checks what is fixed once the StatefulSet exists: where the data are.
std::optional<Refusal> refuse_change(const Database& database, const Json& set);

using api::compare_versions;
using api::version_digits;

}  // namespace ratchet::k8s::provisioner
