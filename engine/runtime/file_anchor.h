// An anchor in a file, for programs without Kubernetes. Keep it on another disk than the log: an
// anchor that is rolled back together with its log finds nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "engine/runtime/anchor.h"
#include "engine/runtime/host.h"

namespace ratchet::engine {

// Makes the folder, and those above it, where they are missing; a loss of power does not undo that.
// Throws std::filesystem::filesystem_error, std::runtime_error.
void make_folders(const std::filesystem::path& folder);

// The file holds a checkpoint (store/checkpoint.h). On the engine's thread.
class FileAnchor final : public Anchor {
 public:
  FileAnchor(std::filesystem::path file, Host& host);

  // Throws store::Error if the file is there and is no checkpoint.
  std::optional<store::Head> read() override;
  // Writes beside the file, syncs, and renames: a crash leaves the old anchor or the new one.
  void write(const store::Head& head, std::function<void(const std::string& why)> done) override;

 private:
  std::filesystem::path file_;
  Host& host_;
};

}  // namespace ratchet::engine
