// A file system that tells somebody about each of its operations, below a real RocksDB.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <rocksdb/env.h>
#include <rocksdb/io_status.h>

namespace ratchet::crash {

struct FileOp {
  enum class Kind {
    create,
    append,
    truncate,
    flush,
    sync,
    close,
    rename,
    remove,
    sync_folder,
    look,  // names, sizes, opening to read
    read,
    make_folder
  };
  Kind kind;
  const std::string& file;
  std::string_view bytes = {};  // of an append
  std::uint64_t size = 0;       // of a truncate
  std::string to = {};          // of a rename
};

// What `kind` is called in a report.
const char* name_of(FileOp::Kind kind);

// Told on whatever thread RocksDB uses; it outlives the environment.
class FileWatch {
 public:
  FileWatch() = default;
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  virtual ~FileWatch() = default;

  // Anything but OK: the operation is not done and fails with it.
  virtual rocksdb::IOStatus before(const FileOp&) { return rocksdb::IOStatus::OK(); }
  // It was done.
  virtual void after(const FileOp&) {}
};

// All but RocksDB's own info log, its lock, its preallocation and its hints goes through `watch`.
std::unique_ptr<rocksdb::Env> watched_env(FileWatch& watch);

inline bool is_wal(std::string_view file) { return file.ends_with(".log"); }

}  // namespace ratchet::crash
