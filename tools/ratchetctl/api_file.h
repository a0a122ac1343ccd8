// The file api.json in the log's folder: where the daemon on this log listens on loopback, and the
// token that it asks for. Readable by the daemon's own user alone.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ratchet::ratchetctl {

struct ApiFile {
  std::string url;
  std::string token;
};

inline constexpr const char* api_file_name = "api.json";

// Replaces the file; nobody else can read it at any moment. Throws std::runtime_error.
void write_api_file(const std::filesystem::path& folder, const ApiFile& file);
// Nothing if there is none. Throws std::system_error if it cannot be read, std::runtime_error if it
// is something else.
std::optional<ApiFile> read_api_file(const std::filesystem::path& folder);
void remove_api_file(const std::filesystem::path& folder) noexcept;

}  // namespace ratchet::ratchetctl
