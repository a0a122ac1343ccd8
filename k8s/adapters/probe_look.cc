#include "k8s/adapters/probe_look.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "k8s/adapters/objects.h"
#include "k8s/adapters/workload.h"
#include "workflows/mysql/preflight.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::k8s {

namespace {

// A server with a million tables was seen to take three quarters of it.
constexpr std::int64_t enough_seconds = 3600;

// What the first start may take on a slow disk, which is not an hour for the few tables that most
// have: whoever has an ordinary livenessProbe is warned, and stopped only if it is too short.
std::int64_t needed_seconds(const mysql::Sight& sight) {
  constexpr std::int64_t of_any = 120;
  constexpr std::int64_t definitions_a_second = 200;
  std::int64_t most = 0;
  for (const mysql::MemberSight& member : sight.members()) {
    most = std::max(most, member.tables() + member.routines());
  }
  return std::min(enough_seconds, of_any + most / definitions_a_second);
}

std::int64_t number_in(const Json& probe, const char* field, std::int64_t otherwise) {
  const auto found = probe.find(field);
  const bool given = found != probe.end() && found->is_number_integer();
  return given ? found->get<std::int64_t>() : otherwise;
}

// What is not given is as Kubernetes has it.
std::int64_t seconds_of(const Json& probe) {
  return number_in(probe, "initialDelaySeconds", 0) +
         number_in(probe, "periodSeconds", 10) * number_in(probe, "failureThreshold", 3);
}

// Servers of MySQL convert their dictionary at their start, and cannot go back half-way.
bool may_convert(const mysql::Sight& sight) {
  return sight.slow_shutdown() &&
         std::ranges::any_of(sight.members(), [](const mysql::MemberSight& member) {
           const auto from =
               mysql::server_version(member.server_version(), member.version_comment());
           return from && from->lineage == mysql::Lineage::mysql;
         });
}

}  // namespace

// While there is a startupProbe the livenessProbe is not asked.
void look_at_probes(const Json& set, mysql::Sight& sight) {
  const Json& server = element(part_at(set, containers_path), "name", database_container);
  const bool starts = part_at(server, "/startupProbe").is_object();
  const char* name = starts ? "startupProbe" : "livenessProbe";
  const Json& probe = part_at(server, starts ? "/startupProbe" : "/livenessProbe");
  if (!probe.is_object() || seconds_of(probe) >= enough_seconds) return;
  const bool blocks = may_convert(sight) && seconds_of(probe) < needed_seconds(sight);
  mysql::Finding& finding = *sight.add_findings();
  finding.set_severity(blocks ? mysql::BLOCKING : mysql::WARNING);
  finding.set_check("startup-budget");
  finding.set_what("the kubelet ends a server whose " + std::string(name) + " has not succeeded " +
                   std::to_string(seconds_of(probe)) +
                   " s after its start, and its first start as another version may take longer; a "
                   "server of MySQL that is ended while it converts its dictionary may not start "
                   "again");
  finding.set_fix(
      "give the container mysql in spec.podTemplate.spec.containers a startupProbe of an hour "
      "(failureThreshold: 360, periodSeconds: 10), or take the " +
      std::string(name) + " out; that restarts nothing");
}

}  // namespace ratchet::k8s
