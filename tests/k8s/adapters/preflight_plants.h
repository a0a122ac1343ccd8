// What is planted in real servers for the checks of the pre-flight to find.
#pragma once

#include <string>
#include <vector>

namespace ratchet::k8s::testing {

using Statements = std::vector<std::string>;

struct Plant {
  const char* name;
  const char* image;
  const char* from;
  const char* to;
  const char* check;
  Statements plant;  // in one session, which stays open while the check is made
  Statements uproot;
  const char* finding;
  Statements asking = {};  // in the session that asks
};

// In a schema named plant, made anew.
Statements in_plant(Statements then);

std::vector<Plant> all_plants();

// What is seen only while a session is at it: preflight_server_test.cc has one do so on a server of
// every image, and looks again when it is over.
inline constexpr const char* changing_definitions = "ddl-in-flight";
inline constexpr const char* copying = "backup-running";
inline constexpr const char* seen_in_sessions[] = {changing_definitions, copying};

}  // namespace ratchet::k8s::testing
