// A disk without room, told to the user: the condition DiskFull of the MySQL, and an Event when it
// comes, changes and goes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"
#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

struct FullDisk {
  std::string pod;
  std::string said;  // by its server
};

// What one look at a database's servers tells of their disks.
struct DiskSight {
  std::vector<FullDisk> full;
  bool all_reached = true;
};

template <class Seen>
DiskSight sight_of_disks(const std::vector<MemberOf<Seen>>& members) {
  DiskSight sight;
  for (const auto& member : members) {
    sight.all_reached = sight.all_reached && member.seen.has_value();
    if (!member.seen || member.seen->no_room.empty()) continue;
    sight.full.push_back({member.pod, member.seen->no_room});
  }
  return sight;
}

// Adds, changes or removes the condition. While a member that may be the one is not reached it
// stays; while the same members have no room it stays as it was first said, whatever their servers
// say next. Returns the Event that the change is worth.
std::optional<Report> tell_disks(Json& status, const DiskSight& sight, const std::string& now);

// write_status (guarded.h) with what `change` does and tell_disks, and then the Event. Throws as
// that does.
boost::asio::awaitable<void> write_health(Context& context, const Database& database,
                                          DiskSight disks, std::string now,
                                          std::function<void(Json& status)> change);

}  // namespace ratchet::k8s::provisioner
