#include "tools/ratchetctl/api_file.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace ratchet::ratchetctl {

namespace {

[[noreturn]] void refuse(const std::string& file, const char* what, int error) {
  throw std::system_error(error, std::generic_category(),
                          std::string("cannot ") + what + " " + file);
}

}  // namespace

void write_api_file(const std::filesystem::path& folder, const ApiFile& file) {
  const std::string path = folder / api_file_name;
  const std::string fresh = path + ".new";
  const std::string text =
      nlohmann::ordered_json({{"url", file.url}, {"token", file.token}}).dump() + "\n";
  std::remove(fresh.c_str());
  const int fd = open(fresh.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) refuse(fresh, "make", errno);
  const ssize_t written = write(fd, text.data(), text.size());
  const int error = errno;
  close(fd);
  if (written != static_cast<ssize_t>(text.size())) refuse(fresh, "write", error);
  if (std::rename(fresh.c_str(), path.c_str()) != 0) refuse(path, "replace", errno);
}

std::optional<ApiFile> read_api_file(const std::filesystem::path& folder) {
  const std::string path = folder / api_file_name;
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (error) refuse(path, "look at", error.value());
  if (!there) return std::nullopt;
  std::ifstream in(path);
  if (!in) refuse(path, "read", errno);
  const auto parsed = nlohmann::json::parse(in, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("url") || !parsed.contains("token") ||
      !parsed["url"].is_string() || !parsed["token"].is_string()) {
    throw std::runtime_error(path + " is not what a daemon writes there");
  }
  return ApiFile{parsed["url"], parsed["token"]};
}

void remove_api_file(const std::filesystem::path& folder) noexcept {
  std::error_code ignored;
  std::filesystem::remove(folder / api_file_name, ignored);
}

}  // namespace ratchet::ratchetctl
