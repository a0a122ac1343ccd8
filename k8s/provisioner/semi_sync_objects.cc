#include "k8s/provisioner/semi_sync_objects.h"

#include "k8s/api/primary_term.h"
#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/json_shape.h"

namespace ratchet::k8s::provisioner {

// A replica that starts does not replicate before its transactions were compared. What it has
// acknowledged is on disk, and a restart throws no relay log away: it may be the only copy. A
// source that is silent for four seconds is given up by its receivers.
Json semi_sync_args(const Database& database) {
  return {"--gtid-mode=ON",
          "--enforce-gtid-consistency=ON",
          "--binlog-expire-logs-seconds=259200",
          "--plugin-load-add=semisync_source.so",
          "--plugin-load-add=semisync_replica.so",
          "--plugin-load-add=mysql_clone.so",
          "--report-host=" + member_host(database, "$(POD_NAME)"),
          "--skip-replica-start=ON",
          "--relay-log-recovery=OFF",
          "--sync-relay-log=1",
          "--replica-net-timeout=4"};
}

std::optional<std::string> still_counted_on(const Database& database, const Json& set) {
  const int there = set.at("spec").value("replicas", 1);
  if (!database.semi_sync || there <= database.replicas) return std::nullopt;
  const auto term = api::parse_term(annotation(database.object, api::primary_term_annotation));
  if (!term) return "";  // which is told where the members are looked at
  bool votes = false;
  for (int i = database.replicas; i < there; ++i) {
    const std::string pod = metadata_text(set, "name") + "-" + std::to_string(i);
    if (pod == term->holder || pod == term->successor) {
      return "spec.replicas " + std::to_string(database.replicas) + " would take away " + pod +
             ", which takes writes or is about to; nobody goes while it does. Set spec.replicas "
             "back, or wait until another member takes writes";
    }
    votes = votes || term->voters.contains(pod);
  }
  if (votes) return "";
  return std::nullopt;
}

}  // namespace ratchet::k8s::provisioner
