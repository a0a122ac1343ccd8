// Container images, as unpacked root file systems in a folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ratchet::localcluster {

// `docker.io/library/mysql:8` for `mysql:8`, as container runtimes complete a short name.
std::string full_image_name(const std::string& image);

class Images {
 public:
  // `folder` has index.tsv (columns `name` and `image`; the root file system is NAME/rootfs), as
  // tests/cluster/images/build writes it, or folders called like the image with `/` as `_`.
  explicit Images(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // The image's root file system; nothing if it is not there (yet): the index is read each time.
  std::optional<std::filesystem::path> find(const std::string& image) const;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace ratchet::localcluster
