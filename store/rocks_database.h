// RocksDB as this project uses it: settings, opening, and what its refusals mean. Private to
// store/. The reasons of the settings are in docs/LOG_FORMAT.md.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <rocksdb/db.h>
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

// The database in `dir`, open for writing; made if the folder is empty or absent. Checks that
// RocksDB took the settings as they are. Throws Error: not_a_log, locked, corrupt, io.
std::unique_ptr<rocksdb::DB> open_database(const std::string& dir, rocksdb::Env* env);

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
