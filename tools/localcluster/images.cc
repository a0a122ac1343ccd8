#include "tools/localcluster/images.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

namespace ratchet::localcluster {
namespace {

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> result;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '\t');) result.push_back(cell);
  return result;
}

std::size_t column(const std::vector<std::string>& header, const std::string& name) {
  return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
}

// The image's name in the index; empty if it is not listed.
std::string indexed(const std::filesystem::path& index, const std::string& image) {
  std::ifstream file(index);
  std::string line;
  std::getline(file, line);
  const auto header = cells(line);
  const std::size_t name = column(header, "name");
  const std::size_t full = column(header, "image");
  while (std::getline(file, line)) {
    const auto row = cells(line);
    if (std::max(name, full) < row.size() && full_image_name(row[full]) == image) return row[name];
  }
  return "";
}

}  // namespace

std::string full_image_name(const std::string& image) {
  const auto slash = image.find('/');
  const std::string first = image.substr(0, slash);
  const bool registry = slash != std::string::npos &&
                        (first.find_first_of(".:") != std::string::npos || first == "localhost");
  std::string name = image;
  if (!registry) {
    name = (slash == std::string::npos ? "docker.io/library/" : "docker.io/") + name;
  }
  if (name.rfind(':') == std::string::npos || name.rfind(':') < name.rfind('/')) name += ":latest";
  return name;
}

std::optional<std::filesystem::path> Images::find(const std::string& image) const {
  const std::string full = full_image_name(image);
  std::string folder = full;
  std::replace(folder.begin(), folder.end(), '/', '_');
  for (const std::string& name : {indexed(folder_ / "index.tsv", full), folder}) {
    if (name.empty()) continue;
    auto root = folder_ / name / "rootfs";
    if (std::filesystem::is_directory(root)) return root;
  }
  return std::nullopt;
}

}  // namespace ratchet::localcluster
