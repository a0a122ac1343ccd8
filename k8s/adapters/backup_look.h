// Who else copies the data of a database, and whether a snapshot of its volumes can be taken. None
// of these kinds is in every cluster.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/steps.h"
#include "k8s/client/client.h"
#include "workflows/mysql/backup.pb.h"
#include "workflows/mysql/plan.pb.h"

namespace ratchet::k8s {

// Adds to what was seen of a database, whose members were looked at: the configurations of Stash
// and KubeStash that are about it, as findings what they run just now, and the class of the
// VolumeSnapshot that can be taken, or why none can. A kind that the cluster does not know costs
// one question. That we may not look is told, too; throws what else Client throws.
boost::asio::awaitable<void> look_at_backups(const Environment& environment,
                                             mysql::LookAtDatabase in, mysql::Sight& sight);

// The sessions of these that have not ended: "BackupSession demo/nightly-1 is Running".
boost::asio::awaitable<std::vector<std::string>> sessions_under_way(
    const Environment& environment, std::vector<mysql::BackupConfiguration> configurations);

// Throws Refused if it is of no program that we know.
const Resource& kind_of(const mysql::BackupConfiguration& configuration);
bool is_paused(const Json& configuration);

}  // namespace ratchet::k8s
