#include "engine/runtime/file_anchor.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "store/checkpoint.h"

namespace ratchet::engine {

namespace {

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& where) {
  throw std::runtime_error("the anchor " + where.string() + " could not be " + what + ": " +
                           std::strerror(errno));
}

class File {
 public:
  File(const std::filesystem::path& path, int flags)
      : path_(path), fd_(::open(path.c_str(), flags, 0644)) {
    if (fd_ < 0) fail("opened", path_);
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void write(const std::string& text) const {
    if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      fail("written", path_);
    }
  }
  void sync() const {
    if (::fsync(fd_) != 0) fail("synced", path_);
  }

 private:
  std::filesystem::path path_;
  int fd_;
};

void replace(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path fresh = file.string() + ".new";
  {
    const File out(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    out.write(text);
    out.sync();
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) fail("renamed", file);
  File(file.has_parent_path() ? file.parent_path() : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      .sync();
}

}  // namespace

void make_folders(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::exists(folder)) return;
  const std::filesystem::path parent = folder.parent_path();
  make_folders(parent);
  if (!std::filesystem::create_directory(folder)) return;
  File(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC).sync();
}

FileAnchor::FileAnchor(std::filesystem::path file, Host& host)
    : file_(std::move(file)), host_(host) {}

std::optional<store::Head> FileAnchor::read() {
  std::ifstream in(file_);
  if (!in) {
    if (std::filesystem::exists(file_)) fail("read", file_);
    return std::nullopt;
  }
  return store::from_checkpoint(std::string(std::istreambuf_iterator<char>(in), {}));
}

void FileAnchor::write(const store::Head& head, std::function<void(const std::string& why)> done) {
  std::string why;
  try {
    replace(file_, store::to_checkpoint(head));
  } catch (const std::exception& error) {
    why = error.what();
  }
  host_.post([done = std::move(done), why = std::move(why)] { done(why); });
}

}  // namespace ratchet::engine
