#include "tests/bench/wal_count.h"

#include <chrono>
#include <string>
#include <utility>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace ratchet::bench {
namespace {

using rocksdb::IOStatus;

class CountedWal final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  CountedWal(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::shared_ptr<WalCounts> counts)
      : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), counts_(std::move(counts)) {}

  using FSWritableFileOwnerWrapper::Append;
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* context) override {
    counts_->bytes += data.size();
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    const auto begin = std::chrono::steady_clock::now();
    IOStatus status = FSWritableFileOwnerWrapper::Sync(options, context);
    const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - begin;
    counts_->sync_ns += static_cast<std::uint64_t>(time.count());
    ++counts_->syncs;
    return status;
  }

 private:
  std::shared_ptr<WalCounts> counts_;
};

class CountedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit CountedFileSystem(std::shared_ptr<WalCounts> counts)
      : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()), counts_(std::move(counts)) {}

  const char* Name() const override { return "CountedFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           rocksdb::IODebugContext* context) override {
    IOStatus status = FileSystemWrapper::NewWritableFile(name, options, file, context);
    if (status.ok() && name.ends_with(".log")) {
      *file = std::make_unique<CountedWal>(std::move(*file), counts_);
    }
    return status;
  }

 private:
  std::shared_ptr<WalCounts> counts_;
};

}  // namespace

CountedFiles::CountedFiles()
    : env_(rocksdb::NewCompositeEnv(std::make_shared<CountedFileSystem>(counts_))) {}
CountedFiles::~CountedFiles() = default;

}  // namespace ratchet::bench
