#include "tests/store/faulty_files.h"

#include <chrono>
#include <stdexcept>
#include <string>

namespace ratchet::store {
namespace {

using rocksdb::IOStatus;

class FaultyWal final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyWal(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::shared_ptr<WalFaults> faults)
      : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), faults_(std::move(faults)) {}

  using FSWritableFileOwnerWrapper::Append;
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* context) override {
    const IOStatus fault = faults_->before(WalFaults::At::append);
    return fault.ok() ? FSWritableFileOwnerWrapper::Append(data, options, context) : fault;
  }
  IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    const IOStatus fault = faults_->before(WalFaults::At::sync);
    return fault.ok() ? FSWritableFileOwnerWrapper::Sync(options, context) : fault;
  }

 private:
  std::shared_ptr<WalFaults> faults_;
};

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(std::shared_ptr<WalFaults> faults)
      : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()), faults_(std::move(faults)) {}

  const char* Name() const override { return "FaultyFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           rocksdb::IODebugContext* context) override {
    IOStatus status = FileSystemWrapper::NewWritableFile(name, options, file, context);
    if (status.ok() && name.ends_with(".log")) {
      *file = std::make_unique<FaultyWal>(std::move(*file), faults_);
    }
    return status;
  }

 private:
  std::shared_ptr<WalFaults> faults_;
};

}  // namespace

void WalFaults::fail(At at, IOStatus error) {
  const std::scoped_lock lock(mutex_);
  (at == At::append ? append_ : sync_) = std::move(error);
}

void WalFaults::heal() {
  const std::scoped_lock lock(mutex_);
  append_ = IOStatus::OK();
  sync_ = IOStatus::OK();
}

void WalFaults::hold_syncs() {
  const std::scoped_lock lock(mutex_);
  hold_ = true;
}

void WalFaults::release_syncs() {
  const std::scoped_lock lock(mutex_);
  hold_ = false;
  changed_.notify_all();
}

void WalFaults::wait_until_a_sync_is_held() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::seconds(30), [this] { return held_ > 0; })) {
    throw std::runtime_error("no sync came for 30 s");
  }
}

IOStatus WalFaults::before(At at) {
  std::unique_lock lock(mutex_);
  if (at == At::append) return append_;
  if (hold_) {
    ++held_;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::seconds(30), [this] { return !hold_; });
    --held_;
  }
  return sync_;
}

FaultyFiles::FaultyFiles()
    : env_(rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(faults_))) {}

}  // namespace ratchet::store
