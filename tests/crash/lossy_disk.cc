#include "tests/crash/lossy_disk.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace ratchet::crash {
namespace {

namespace fs = std::filesystem;

std::string base(const std::string& file) { return fs::path(file).filename().string(); }

bool is_aside(const std::string& name) { return name.starts_with("LOG") || name == "LOCK"; }

std::size_t up_to(std::size_t at, std::size_t block) { return (at + block - 1) / block * block; }

}  // namespace

Image read_image(const std::string& folder) {
  Image image;
  if (!fs::exists(folder)) return image;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = base(entry.path().string());
    if (is_aside(name)) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    image[name] = {std::istreambuf_iterator<char>(file), {}};
  }
  return image;
}

void write_image(const std::string& folder, const Image& image) {
  fs::create_directories(folder);
  for (const auto& [name, bytes] : image) {
    std::ofstream(fs::path(folder) / name, std::ios::binary) << bytes;
  }
}

std::string Loss::text() const {
  constexpr const char* tails[] = {"dropped", "torn at 512", "torn at 4096", "kept",
                                   "with a hole of 512"};
  return std::string("unsynced bytes ") + tails[static_cast<int>(tail)] +
         (names_undone ? ", unsynced names undone" : "");
}

const std::vector<Loss>& all_losses() {
  using enum Loss::Tail;
  static const std::vector<Loss> losses{{dropped, true},    {dropped, false}, {torn_512, false},
                                        {torn_4096, false}, {kept, true},     {kept, false},
                                        {hole_512, false}};
  return losses;
}

LossyDisk::LossyDisk(const std::string& folder, bool lies) : lies_(lies) {
  for (auto& [name, bytes] : read_image(folder)) {
    const std::size_t size = bytes.size();
    names_[name] = std::make_shared<File>(File{bytes, size});
  }
  synced_names_ = names_;
}

void LossyDisk::after(const FileOp& op) {
  using enum FileOp::Kind;
  const std::scoped_lock lock(mutex_);
  if (op.kind == create) {
    names_[base(op.file)] = std::make_shared<File>();
  } else if (op.kind == append) {
    names_.at(base(op.file))->bytes += op.bytes;
  } else if (op.kind == truncate) {
    File& file = *names_.at(base(op.file));
    file.bytes.resize(op.size);
    file.synced = std::min(file.synced, file.bytes.size());
  } else if (op.kind == sync && !(lies_ && is_wal(op.file))) {
    File& file = *names_.at(base(op.file));
    file.synced = file.bytes.size();
  } else if (op.kind == rename) {
    names_[base(op.to)] = names_.at(base(op.file));
    names_.erase(base(op.file));
  } else if (op.kind == remove) {
    names_.erase(base(op.file));
  } else if (op.kind == sync_folder) {
    synced_names_ = names_;
  }
}

std::string LossyDisk::remains(const File& file, Loss::Tail tail) {
  const std::size_t size = file.bytes.size();
  const std::size_t middle = file.synced + (size - file.synced) / 2;
  std::size_t end = size;
  if (tail == Loss::Tail::dropped) end = file.synced;
  if (tail == Loss::Tail::torn_512) end = std::min(size, up_to(middle, 512));
  if (tail == Loss::Tail::torn_4096) end = std::min(size, up_to(middle, 4096));
  std::string bytes = file.bytes.substr(0, end);
  if (tail == Loss::Tail::hole_512) {
    const std::size_t sector = std::min(size, up_to(file.synced + 1, 512));
    if (sector < size) bytes.replace(file.synced, sector - file.synced, sector - file.synced, '\0');
  }
  return bytes;
}

Image LossyDisk::after_loss(const Loss& loss) const {
  const std::scoped_lock lock(mutex_);
  Image image;
  for (const auto& [name, file] : loss.names_undone ? synced_names_ : names_) {
    image[name] = remains(*file, loss.tail);
  }
  return image;
}

}  // namespace ratchet::crash
