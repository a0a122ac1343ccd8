// A disk that knows what a loss of power would leave of each file: what was synced, of the rest
// nothing, some of its sectors or all, and no name that its folder was not synced for.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/crash/watched_files.h"

namespace ratchet::crash {

// The files of one folder, by name.
using Image = std::map<std::string, std::string>;

Image read_image(const std::string& folder);  // without RocksDB's info log and lock
void write_image(const std::string& folder, const Image& image);

// One way in which power can be lost.
struct Loss {
  enum class Tail {
    dropped,    // all that was not synced is gone
    torn_512,   // about half of it is there, cut at a sector …
    torn_4096,  // … or at a page
    kept,       // all of it is there
    hole_512    // its first sector is gone and later ones are there: written back out of order
  };
  Tail tail;
  bool names_undone;  // names made, changed or removed since the folder was synced

  std::string text() const;
};
const std::vector<Loss>& all_losses();

// Thread-safe.
class LossyDisk : public FileWatch {
 public:
  // What is in `folder` now is taken for synced. `lies`: it forgets that a log was synced.
  explicit LossyDisk(const std::string& folder, bool lies = false);

  void after(const FileOp& op) override;

  // What a reader would find in the folder after the power came back.
  Image after_loss(const Loss& loss) const;

 private:
  struct File {
    std::string bytes;
    std::size_t synced = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  static std::string remains(const File& file, Loss::Tail tail);

  const bool lies_;
  mutable std::mutex mutex_;
  Names names_;
  Names synced_names_;
};

}  // namespace ratchet::crash
