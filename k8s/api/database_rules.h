// What is wrong with a MySQL. Source of the rules and of quoted texts: KubeDB's webhook.
#pragma once

#include "k8s/api/finding.h"

namespace ratchet::k8s::api {

enum class DeletionPolicy { halt, remove, wipe_out, do_not_terminate };

// Of the two names of the policy the more protective value counts where both are given. What must
// not be terminated is not halted either; anything else that is halted keeps its data.
DeletionPolicy deletion_policy(const Json& mysql);

// Of its own text. Findings with reason `unsupported` are no fault of the manifest.
Findings check_database(const Json& mysql);

// Whether spec.version can be looked up at all; check_database says so if not.
bool names_version(const Json& mysql);

// Beside its entry of the catalogue; null if there is none of that name. `exists`: the workload is
// already there, so a version that was deprecated meanwhile is no reason to drop it.
Findings check_version(const Json& mysql, const Json& catalogue_entry, bool exists);

// The storage class that its claims ask for by name; empty: none, or what check_database says is no
// name.
std::string named_storage_class(const Json& mysql);
// Of one whose storage class is not there.
Finding storage_class_not_found(const Json& mysql);

}  // namespace ratchet::k8s::api
