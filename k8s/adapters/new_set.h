// The manifest of a StatefulSet that is to follow another one of the same cluster. Pure.
#pragma once

#include <string>

#include "k8s/client/client.h"
#include "workflows/mysql/new_set.pb.h"

namespace ratchet::k8s {

// What fills an empty volume: run by an init container of the former server's image, by bash with
// the server's own arguments. It reads SEED_ID, DONORS, SEED_USER, SEED_PASSWORD,
// MYSQL_ROOT_USERNAME and MYSQL_ROOT_PASSWORD; without GROUP_NAME, which members of a group have,
// the copy forgets whom it replicated from. A volume that is marked with this SEED_ID is left
// alone, any other is emptied first. Ends with 0 only if the volume is marked.
extern const char* const seed_script;

// The new set with one member. Its servers find the members of both sets; its claims ask for the
// resources in `storage`, the MySQL's spec.storage, if it names some. `seed`: id of this seeding.
// Throws std::runtime_error if the former manifest has no container for the server.
Json new_set_of(const mysql::CreateNewSet& in, const Json& storage, const std::string& seed);

// The template of such a set, when all its members have joined.
Json without_seeding(Json set);

}  // namespace ratchet::k8s
