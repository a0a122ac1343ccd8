// RocksDB as this project uses it: settings, opening, and what its refusals mean. Private to
// store/. The reasons of the settings are in docs/LOG_FORMAT.md.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include "store/log.h"

namespace ratchet::store {

// `env` may be null: the real file system.
rocksdb::Options database_options(rocksdb::Env* env);
rocksdb::WriteOptions write_options();
rocksdb::ReadOptions read_options();

// RocksDB counts each comparison of keys for this thread, in a variable that is slow to reach;
// nobody reads the counts.
void count_nothing();

// Returns if `status` is ok; else throws the Error that it means for the log in `dir`.
// `doing` completes "cannot …".
void check(const rocksdb::Status& status, std::string_view doing, const std::string& dir);

// To be called for a folder that was just made. Its name is in its parent: unless that is synced, a
// loss of power takes the log with all that was acknowledged. Throws Error: io; then the folder is
// gone, if it is empty, so that the next attempt makes it and syncs.
void make_durable(const std::string& dir, rocksdb::Env& env);

// Holds RocksDB's lock of a folder, so that no process writes to the log in it meanwhile. Throws
// Error: locked, io.
class FolderLock {
 public:
  FolderLock(const std::string& dir, rocksdb::Env& env);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  rocksdb::Env& env_;
  rocksdb::FileLock* lock_ = nullptr;
};

// Shown a database that is open for reading only. Throws Error if it must not be written to.
using Accept = std::function<void(rocksdb::DB&)>;

// The database in `dir`, open for writing; made if the folder is empty or absent. To open one for
// writing is to change it: RocksDB deletes every table that the manifest does not name, and moves
// the write-ahead log into tables and deletes it, too. Therefore a database that is there is read
// first and shown to `accept`; what is refused by then has all its files as they were. Checks that
// RocksDB took the settings as they are. Throws Error: not_a_log, locked, corrupt, io, and what
// `accept` throws.
std::unique_ptr<rocksdb::DB> open_database(const std::string& dir, rocksdb::Env* env,
                                           const Accept& accept);

// The database in `dir` as it can be read beside a writer, or without one. Both write nothing but
// RocksDB's own log file, into `scratch`.
std::unique_ptr<rocksdb::DB> open_secondary(const std::string& dir, const std::string& scratch);
std::unique_ptr<rocksdb::DB> open_copy(const std::string& dir, const std::string& scratch);

// The writer may delete a file between the moment when a reader hears of it and the moment when it
// opens it; what is still missing after some attempts is really missing.
template <class Action>
auto with_patience(const Action& action) {
  for (int attempt = 1;; ++attempt) {
    try {
      return action();
    } catch (const Error&) {
      if (attempt == 5) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

}  // namespace ratchet::store
