#include "k8s/provisioner/semi_sync_objects.h"

#include "k8s/provisioner/group_objects.h"

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

}  // namespace ratchet::k8s::provisioner
