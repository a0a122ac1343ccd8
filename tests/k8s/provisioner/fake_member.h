// What the fakes of cluster members have in common.
#pragma once

#include <string>

namespace ratchet::k8s::testing {

// "my-group-2" -> a server_uuid of its own.
inline std::string id_of_pod(const std::string& pod) {
  return "0000000" + pod.substr(pod.size() - 1) + "-0000-4000-8000-000000000000";
}

// What a statement has between two texts; empty without the first.
inline std::string between(const std::string& text, const std::string& from,
                           const std::string& to) {
  const auto begin = text.find(from);
  if (begin == std::string::npos) return "";
  const auto start = begin + from.size();
  return text.substr(start, text.find(to, start) - start);
}

}  // namespace ratchet::k8s::testing
