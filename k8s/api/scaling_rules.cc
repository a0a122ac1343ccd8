#include "k8s/api/scaling_rules.h"

#include "k8s/api/field.h"
#include "k8s/api/resources.h"

namespace ratchet::k8s::api {
namespace {

constexpr const char* members_path = "spec.horizontalScaling.member";
constexpr const char* server_path = "spec.verticalScaling.mysql";

// As many as the MySQL itself may say (database_rules.cc). KubeDB refuses the 9 that it names.
constexpr std::int32_t fewest_members = 3;
constexpr std::int32_t most_members = 9;

void check_quantities(const Json& resources, Findings& findings) {
  for (const char* part : {"requests", "limits"}) {
    const Json& quantities = field(resources, part);
    if (quantities.is_null()) continue;
    const std::string path = std::string(server_path) + ".resources." + part;
    if (!quantities.is_object()) {
      findings.push_back({path, "the field has the wrong type: it is an object"});
      continue;
    }
    const std::string inside = path + ".";
    for (const auto& [name, quantity] : quantities.items()) {
      if (is_quantity(quantity)) continue;
      findings.push_back({inside + name, quantity.dump() + " is no quantity: write it like "
                                                           "700m or 2 (cpu), or like 1200Mi "
                                                           "(memory)"});
    }
  }
}

// One operation a request: what is not done must not be asked for.
void check_not_served(const Json& request, Findings& findings) {
  const auto refuse = [&](const std::string& path) {
    findings.push_back({path,
                        "a vertical scaling of Ratchet changes requests and limits of the "
                        "server's container and restarts it: leave " +
                            path + " out"});
  };
  for (const char* path :
       {"spec.verticalScaling.exporter", "spec.verticalScaling.coordinator",
        "spec.verticalScaling.mysql.nodeSelectionPolicy", "spec.verticalScaling.mysql.topology"}) {
    if (!field(request, path).is_null()) refuse(path);
  }
  const std::string mode = text_field(request, "spec.verticalScaling.mode");
  if (!mode.empty() && mode != "Restart") refuse("spec.verticalScaling.mode");
}

}  // namespace

std::int32_t wanted_members(const Json& request) {
  const Json& members = field(request, members_path);
  if (!members.is_number_integer()) return 0;
  const auto number = members.get<std::int64_t>();
  return number < 0 || number > most_members ? most_members + 1 : static_cast<std::int32_t>(number);
}

Json wanted_resources(const Json& request) {
  const Json& server = field(request, server_path);
  const Json& now = field(server, "resources");
  const Json& given = now.is_null() ? server : now;
  Json resources;
  for (const char* part : {"requests", "limits"}) {
    const Json& quantities = field(given, part);
    if (!quantities.is_null() && !quantities.empty()) resources[part] = quantities;
  }
  return resources;
}

void check_horizontal_scaling(const Json& request, Findings& findings) {
  if (field(request, "spec.horizontalScaling").is_null()) {
    findings.push_back({"spec.horizontalScaling",
                        std::string("`spec.Scale.HorizontalScaling` field is nil: set ") +
                            members_path + " to the number of members that there shall be"});
    return;
  }
  const std::int32_t members = wanted_members(request);
  if (members >= fewest_members && members <= most_members) return;
  findings.push_back(
      {members_path, "Group size can not be less than 3 or greater than 9, range: [3,9]: set " +
                         std::string(members_path) + " to a number in that range"});
}

void check_vertical_scaling(const Json& request, Findings& findings) {
  check_not_served(request, findings);
  const Json resources = wanted_resources(request);
  if (resources.is_null()) {
    findings.push_back({"spec.verticalScaling",
                        std::string("`spec.Scale.Vertical` field is empty: set ") + server_path +
                            ".resources to the requests and limits of the server's container"});
    return;
  }
  check_quantities(resources, findings);
}

}  // namespace ratchet::k8s::api
