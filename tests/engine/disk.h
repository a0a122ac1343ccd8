// Where the log of a test's processes is kept: in memory, or in a RocksDB folder. A suite that is
// instantiated with all_disks() proves the same on both.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "engine/testing/crash_matrix.h"
#include "engine/testing/simulated_host.h"
#include "store/log.h"
#include "store/memory_log.h"

namespace ratchet::engine::testing {

// What is durable; outlives the logs that are opened on it, one at a time.
class Disk {
 public:
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;

  // Reports durability in the host's tasks only, so that a test is the same in every run.
  virtual std::unique_ptr<store::Log> open(SimulatedHost& host) = 0;
  // While no log is open.
  virtual std::unique_ptr<store::LogReader> read() = 0;
  // What a backup of this moment would hold. While no log is open.
  virtual std::shared_ptr<Disk> copy() = 0;
  // The next append of the open log fails.
  virtual void fail_next_append() = 0;
};

std::shared_ptr<Disk> memory_disk();
std::shared_ptr<Disk> memory_disk_of(std::shared_ptr<store::MemoryDisk> disk);
std::shared_ptr<Disk> rocks_disk();
std::shared_ptr<Disk> rocks_disk_in(const std::string& dir);

struct DiskKind {
  const char* name;
  std::shared_ptr<Disk> (*make)();
};
// For a crash matrix, on a new disk each time: CrashCase::place.
inline OpenLog place_of(std::shared_ptr<Disk> disk) {
  return [disk = std::move(disk)](SimulatedHost& host) { return disk->open(host); };
}
inline void PrintTo(const DiskKind& kind, std::ostream* out) { *out << kind.name; }
inline auto all_disks() {
  return ::testing::Values(DiskKind{"MemoryLog", memory_disk}, DiskKind{"RocksLog", rocks_disk});
}
inline std::string name_of_disk(const ::testing::TestParamInfo<DiskKind>& info) {
  return info.param.name;
}

}  // namespace ratchet::engine::testing
