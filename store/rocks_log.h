// The log on RocksDB: open for writing by one process, readable by any number beside it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "store/log.h"

namespace rocksdb {
class Env;
}

namespace ratchet::store {

struct RocksOptions {
  // Bounds of the queue; submit blocks at either. One entry always fits into an empty queue.
  std::size_t max_queued_entries = 16'384;
  std::size_t max_queued_bytes = std::size_t{16} << 20;

  // How long submit waits for room before it throws Fault::io: the disk hangs.
  std::chrono::seconds submit_deadline{60};

  // Closing moves everything into tables: a fifth of the bytes, and nothing to read again at the
  // next open. Without it a closed log looks like one whose process was killed.
  bool flush_at_close = false;

  rocksdb::Env* env = nullptr;  // absent: the real file system. For fault injection; not owned.
};

// Opens the log in `dir` for writing, or makes one if the folder is empty or absent (its parent
// must exist). Before it writes anything it has compared the head with the last record, the root of
// the records and the durable size of the breadcrumb page (store/page.h): a log that it refuses has
// all its files as they were. Throws Error with any fault but halted.
std::unique_ptr<Log> open_rocks_log(const std::string& dir, const RocksOptions& options = {});

// Opens the log in `dir` for reading: live, closed or a copy, also on a read-only file system.
// Shows the records up to the durable size in the breadcrumb page; all if there is no page.
// Projections may be one group newer. Nothing in `dir` is changed.
// Throws Error: not_a_log, corrupt, io, unsupported.
std::unique_ptr<LogReader> open_rocks_reader(const std::string& dir);

}  // namespace ratchet::store
