// What the fakes of cluster members have in common.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ratchet::k8s::testing {

// "my-group-2" and "my-group-1-2" -> a server_uuid of its own.
inline std::string id_of_pod(const std::string& pod) {
  const char set = pod.at(pod.size() - 3);
  return std::string("000000") + (set >= '0' && set <= '9' ? set : '0') +
         pod.substr(pod.size() - 1) + "-0000-4000-8000-000000000000";
}

// What a statement has between two texts; empty without the first.
inline std::string between(const std::string& text, const std::string& from,
                           const std::string& to) {
  const auto begin = text.find(from);
  if (begin == std::string::npos) return "";
  const auto start = begin + from.size();
  return text.substr(start, text.find(to, start) - start);
}

// What any server answers to the ops manager; nothing: it depends.
inline std::optional<std::vector<std::vector<std::string>>> answer_of_any(
    const std::string& statement) {
  using Rows = std::vector<std::vector<std::string>>;
  if (statement.find("max_dirty_pages_pct") != std::string::npos)
    return Rows{{"1", "90", "0", "10"}};
  if (statement.starts_with("SELECT @@GLOBAL.innodb_fast_shutdown")) return Rows{{"1", "0", "0"}};
  if (statement.starts_with("SHOW GLOBAL STATUS")) {
    return Rows{{"Innodb_buffer_pool_pages_dirty", "3"}};
  }
  return std::nullopt;
}

}  // namespace ratchet::k8s::testing
