#include "k8s/provisioner/full_disk.h"

#include "k8s/provisioner/guarded.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

// What the message of the condition begins with: the same as long as it is about the same members.
std::string head_of_disk_message(const std::vector<FullDisk>& full) {
  std::string pods;
  for (const FullDisk& disk : full) pods += (pods.empty() ? "" : ", ") + disk.pod;
  return "no room on the disk of " + pods + ": ";
}

std::string disk_message(const std::vector<FullDisk>& full) {
  std::string said;
  for (const FullDisk& disk : full) {
    said += (said.empty() ? "" : "; ") + disk.pod + " says \"" + disk.said + "\"";
  }
  return head_of_disk_message(full) + said +
         ". What is written there waits or fails until there is room: expand the volume, or remove "
         "files from it that are not the server's. A server that waits looks once a minute, and "
         "goes on by itself";
}

// Empty if the condition is absent.
std::string told_of_disks(const Json& status) {
  for (const Json& condition : status.value("conditions", Json::array())) {
    if (condition.value("type", "") == disk_condition) return condition.value("message", "");
  }
  return "";
}

}  // namespace

std::optional<Report> tell_disks(Json& status, const DiskSight& sight, const std::string& now) {
  const std::string told = told_of_disks(status);
  if (sight.full.empty()) {
    if (told.empty() || !sight.all_reached) return std::nullopt;
    remove_condition(status, disk_condition);
    return Report{false, "DiskHasRoom", "no server says any more that its disk is full"};
  }
  if (told.starts_with(head_of_disk_message(sight.full))) return std::nullopt;
  const Condition condition = disk_full(disk_message(sight.full));
  set_condition(status, condition, now);
  return Report{true, disk_condition, condition.message};
}

asio::awaitable<void> write_health(Context& context, const Database& database, DiskSight disks,
                                   std::string now, std::function<void(Json& status)> change) {
  std::optional<Report> event;
  const bool written = co_await write_status(context, database, [&](Json& status) {
    change(status);
    event = tell_disks(status, disks, now);
  });
  if (written && event) context.emit(database.object, *event);
}

}  // namespace ratchet::k8s::provisioner
