// A file system whose write-ahead log can fail or be held up, below a real RocksDB.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace ratchet::store {

// Shared by all files of one FaultyFiles. Thread-safe.
class WalFaults {
 public:
  enum class At { append, sync };

  // Every later append or sync of a write-ahead log gives this error.
  void fail(At at, rocksdb::IOStatus error);
  void heal();

  // Holds up every later sync until release().
  void hold_syncs();
  void release_syncs();
  void wait_until_a_sync_is_held();

  rocksdb::IOStatus before(At at);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  rocksdb::IOStatus append_ = rocksdb::IOStatus::OK();
  rocksdb::IOStatus sync_ = rocksdb::IOStatus::OK();
  bool hold_ = false;
  int held_ = 0;
};

class FaultyFiles {
 public:
  FaultyFiles();
  rocksdb::Env* env() { return env_.get(); }
  WalFaults& wal() { return *faults_; }

 private:
  std::shared_ptr<WalFaults> faults_ = std::make_shared<WalFaults>();
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace ratchet::store
