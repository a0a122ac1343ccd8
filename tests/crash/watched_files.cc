#include "tests/crash/watched_files.h"

#include <array>
#include <utility>
#include <vector>

#include <rocksdb/file_system.h>

namespace ratchet::crash {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using Kind = FileOp::Kind;

template <class Perform>
IOStatus watched(FileWatch& watch, const FileOp& op, const Perform& perform) {
  if (IOStatus refused = watch.before(op); !refused.ok()) return refused;
  IOStatus status = perform();
  if (status.ok()) watch.after(op);
  return status;
}

class WatchedWritable final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using Base = FSWritableFileOwnerWrapper;
  WatchedWritable(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::string name, FileWatch& w)
      : Base(std::move(file)), name_(std::move(name)), watch_(w) {}

  IOStatus Append(const Slice& data, const IOOptions& o, IODebugContext* c) override {
    return watched(watch_, {Kind::append, name_, data.ToStringView()},
                   [&] { return Base::Append(data, o, c); });
  }
  IOStatus Append(const Slice& data, const IOOptions& o, const rocksdb::DataVerificationInfo& v,
                  IODebugContext* c) override {
    return watched(watch_, {Kind::append, name_, data.ToStringView()},
                   [&] { return Base::Append(data, o, v, c); });
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& o, IODebugContext* c) override {
    return watched(watch_, {Kind::truncate, name_, {}, size},
                   [&] { return Base::Truncate(size, o, c); });
  }
  IOStatus Flush(const IOOptions& o, IODebugContext* c) override {
    return watched(watch_, {Kind::flush, name_}, [&] { return Base::Flush(o, c); });
  }
  IOStatus Sync(const IOOptions& o, IODebugContext* c) override {
    return watched(watch_, {Kind::sync, name_}, [&] { return Base::Sync(o, c); });
  }
  IOStatus Fsync(const IOOptions& o, IODebugContext* c) override {
    return watched(watch_, {Kind::sync, name_}, [&] { return Base::Fsync(o, c); });
  }
  IOStatus Close(const IOOptions& o, IODebugContext* c) override {
    return watched(watch_, {Kind::close, name_}, [&] { return Base::Close(o, c); });
  }

 private:
  const std::string name_;
  FileWatch& watch_;
};

class WatchedSequential final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  WatchedSequential(std::unique_ptr<rocksdb::FSSequentialFile>&& file, std::string name,
                    FileWatch& w)
      : FSSequentialFileOwnerWrapper(std::move(file)), name_(std::move(name)), watch_(w) {}

  IOStatus Read(std::size_t n, const IOOptions& o, Slice* result, char* scratch,
                IODebugContext* c) override {
    return watched(watch_, {Kind::read, name_},
                   [&] { return FSSequentialFileOwnerWrapper::Read(n, o, result, scratch, c); });
  }

 private:
  const std::string name_;
  FileWatch& watch_;
};

class WatchedRandomAccess final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  using Base = FSRandomAccessFileOwnerWrapper;
  WatchedRandomAccess(std::unique_ptr<rocksdb::FSRandomAccessFile>&& file, std::string name,
                      FileWatch& w)
      : Base(std::move(file)), name_(std::move(name)), watch_(w) {}

  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions& o, Slice* result,
                char* scratch, IODebugContext* c) const override {
    return watched(watch_, {Kind::read, name_},
                   [&] { return Base::Read(offset, n, o, result, scratch, c); });
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t n, const IOOptions& o,
                     IODebugContext* c) override {
    return watched(watch_, {Kind::read, name_}, [&] { return Base::MultiRead(requests, n, o, c); });
  }

 private:
  const std::string name_;
  FileWatch& watch_;
};

class WatchedFolder final : public rocksdb::FSDirectoryWrapper {
 public:
  WatchedFolder(std::unique_ptr<rocksdb::FSDirectory>&& folder, std::string name, FileWatch& w)
      : FSDirectoryWrapper(std::move(folder)), name_(std::move(name)), watch_(w) {}

  IOStatus Fsync(const IOOptions& o, IODebugContext* c) override {
    return watched(watch_, {Kind::sync_folder, name_},
                   [&] { return FSDirectoryWrapper::Fsync(o, c); });
  }
  IOStatus FsyncWithDirOptions(const IOOptions& o, IODebugContext* c,
                               const rocksdb::DirFsyncOptions& how) override {
    return watched(watch_, {Kind::sync_folder, name_},
                   [&] { return FSDirectoryWrapper::FsyncWithDirOptions(o, c, how); });
  }
  IOStatus Close(const IOOptions& o, IODebugContext* c) override {
    return watched(watch_, {Kind::close, name_}, [&] { return FSDirectoryWrapper::Close(o, c); });
  }

 private:
  const std::string name_;
  FileWatch& watch_;
};

class WatchedFiles final : public rocksdb::FileSystemWrapper {
 public:
  using Base = FileSystemWrapper;
  explicit WatchedFiles(FileWatch& watch) : Base(rocksdb::FileSystem::Default()), watch_(watch) {}
  const char* Name() const override { return "WatchedFiles"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& o,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext* c) override {
    return opened<WatchedWritable>(Kind::create, name, file,
                                   [&] { return Base::NewWritableFile(name, o, file, c); });
  }
  IOStatus NewSequentialFile(const std::string& name, const FileOptions& o,
                             std::unique_ptr<rocksdb::FSSequentialFile>* file,
                             IODebugContext* c) override {
    return opened<WatchedSequential>(Kind::look, name, file,
                                     [&] { return Base::NewSequentialFile(name, o, file, c); });
  }
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& o,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                               IODebugContext* c) override {
    return opened<WatchedRandomAccess>(Kind::look, name, file,
                                       [&] { return Base::NewRandomAccessFile(name, o, file, c); });
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& o,
                        std::unique_ptr<rocksdb::FSDirectory>* folder, IODebugContext* c) override {
    return opened<WatchedFolder>(Kind::look, name, folder,
                                 [&] { return Base::NewDirectory(name, o, folder, c); });
  }
  IOStatus FileExists(const std::string& name, const IOOptions& o, IODebugContext* c) override {
    const auto perform = [&] { return Base::FileExists(name, o, c); };
    if (name.ends_with("/LOG")) return perform();
    return watched(watch_, {Kind::look, name}, perform);
  }
  IOStatus CreateDirIfMissing(const std::string& name, const IOOptions& o,
                              IODebugContext* c) override {
    return watched(watch_, {Kind::make_folder, name},
                   [&] { return Base::CreateDirIfMissing(name, o, c); });
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& o,
                      IODebugContext* c) override {
    return watched(watch_, {Kind::rename, from, {}, 0, to},
                   [&] { return Base::RenameFile(from, to, o, c); });
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& o, IODebugContext* c) override {
    return watched(watch_, {Kind::remove, name}, [&] { return Base::DeleteFile(name, o, c); });
  }
  IOStatus GetChildren(const std::string& name, const IOOptions& o,
                       std::vector<std::string>* children, IODebugContext* c) override {
    return watched(watch_, {Kind::look, name},
                   [&] { return Base::GetChildren(name, o, children, c); });
  }
  IOStatus GetFileSize(const std::string& name, const IOOptions& o, std::uint64_t* size,
                       IODebugContext* c) override {
    return watched(watch_, {Kind::look, name}, [&] { return Base::GetFileSize(name, o, size, c); });
  }

 private:
  template <class Wrapper, class File, class Open>
  IOStatus opened(Kind kind, const std::string& name, std::unique_ptr<File>* file,
                  const Open& open) {
    IOStatus status = watched(watch_, {kind, name}, open);
    if (status.ok()) *file = std::make_unique<Wrapper>(std::move(*file), name, watch_);
    return status;
  }

  FileWatch& watch_;
};

}  // namespace

const char* name_of(FileOp::Kind kind) {
  constexpr std::array names{"create", "append", "truncate",    "flush", "sync", "close",
                             "rename", "remove", "sync_folder", "look",  "read", "make_folder"};
  return names.at(static_cast<std::size_t>(kind));
}

std::unique_ptr<rocksdb::Env> watched_env(FileWatch& watch) {
  return rocksdb::NewCompositeEnv(std::make_shared<WatchedFiles>(watch));
}

}  // namespace ratchet::crash
