// Counts what really reaches the write-ahead log: syncs, their time, and bytes, below a real
// RocksDB.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace rocksdb {
class Env;
}

namespace ratchet::bench {

struct WalCounts {
  std::atomic<std::uint64_t> syncs = 0;
  std::atomic<std::uint64_t> sync_ns = 0;  // in all of them
  std::atomic<std::uint64_t> bytes = 0;
};

// The real file system, with its write-ahead logs counted.
class CountedFiles {
 public:
  CountedFiles();
  ~CountedFiles();
  rocksdb::Env* env() { return env_.get(); }
  const WalCounts& wal() const { return *counts_; }

 private:
  std::shared_ptr<WalCounts> counts_ = std::make_shared<WalCounts>();
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace ratchet::bench
