#include "store/page.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/keys.h"
#include "store/log.h"

namespace ratchet::store {
namespace {

constexpr char magic[9] = "RATCHET1";
constexpr std::size_t size_offset = 8;
constexpr std::size_t log_id_offset = 16;

struct File {
  int fd;
  explicit File(int descriptor) : fd(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd >= 0) close(fd);
  }
};

[[noreturn]] void throw_errno(const std::string& doing, const std::string& file, int error) {
  throw Error(Fault::io, "cannot " + doing + " " + file + ": " + std::strerror(error) +
                             ": check the volume's permissions and free space");
}

std::atomic_ref<std::uint64_t> size_at(std::byte* page) {
  return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(page + size_offset));
}

}  // namespace

Page::Page(Page&& other) noexcept : at_(std::exchange(other.at_, nullptr)) {}

Page::~Page() {
  if (at_ != nullptr) munmap(at_, bytes);
}

std::optional<Page> Page::map(const std::string& file, bool writable) {
  const File opened(open(file.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC));
  if (opened.fd < 0 && errno == ENOENT) return std::nullopt;
  if (opened.fd < 0) throw_errno("open", file, errno);
  struct stat status{};
  if (fstat(opened.fd, &status) != 0) throw_errno("read", file, errno);
  if (status.st_size != static_cast<off_t>(bytes)) {
    throw Error(Fault::corrupt, file + " is not a breadcrumb page of " + std::to_string(bytes) +
                                    " bytes: keep a copy as evidence, then remove it");
  }
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* at = mmap(nullptr, bytes, protection, MAP_SHARED, opened.fd, 0);
  if (at == MAP_FAILED) throw_errno("map", file, errno);
  Page page(static_cast<std::byte*>(at));
  if (std::memcmp(at, magic, 8) != 0) {
    throw Error(Fault::corrupt, file +
                                    " is not a breadcrumb page of this format: keep a copy as "
                                    "evidence, then remove it");
  }
  return page;
}

// Under another name first, so that a crash leaves no half page; allocated, because a full disk
// would otherwise kill the process at a later write to the mapping.
void Page::create(const std::string& file, const std::string& log_id, std::uint64_t durable_size) {
  std::array<char, bytes> content{};
  std::memcpy(content.data(), magic, 8);
  std::memcpy(&content[size_offset], &durable_size, sizeof durable_size);
  std::memcpy(&content[log_id_offset], log_id.data(), std::min(log_id.size(), log_id_bytes));
  const std::string unfinished = file + ".new";
  const File made(open(unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (made.fd < 0) throw_errno("create", unfinished, errno);
  if (const int error = posix_fallocate(made.fd, 0, bytes); error != 0) {
    throw_errno("allocate", unfinished, error);
  }
  if (pwrite(made.fd, content.data(), bytes, 0) != static_cast<ssize_t>(bytes) ||
      fsync(made.fd) != 0) {
    throw_errno("write", unfinished, errno);
  }
  if (std::rename(unfinished.c_str(), file.c_str()) != 0) throw_errno("create", file, errno);
}

Page Page::open_or_create(const std::string& dir, const std::string& log_id,
                          std::uint64_t durable_size) {
  const std::string file = dir + "/" + file_name;
  if (access(file.c_str(), F_OK) != 0) create(file, log_id, durable_size);
  std::optional<Page> page = map(file, true);
  if (!page) throw_errno("open", file, ENOENT);
  page->check_belongs_to(log_id, dir);
  return std::move(*page);
}

std::optional<Page> Page::open_to_read(const std::string& dir) {
  return map(dir + "/" + file_name, false);
}

std::string Page::log_id() const {
  return {reinterpret_cast<const char*>(at_ + log_id_offset), log_id_bytes};
}

void Page::check_belongs_to(const std::string& log_id, const std::string& dir) const {
  if (this->log_id() == log_id) return;
  throw Error(Fault::corrupt, dir + "/" + file_name +
                                  " belongs to another log than the files beside it: the folder "
                                  "mixes two logs; restore a backup into an empty one");
}

std::uint64_t Page::durable_size() const { return size_at(at_).load(std::memory_order_acquire); }

void Page::publish(std::uint64_t durable_size) {
  size_at(at_).store(durable_size, std::memory_order_release);
}

std::span<std::byte> Page::engine_bytes() { return {at_ + engine_offset, bytes - engine_offset}; }

}  // namespace ratchet::store
