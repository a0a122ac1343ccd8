#include "k8s/provisioner/formed_without.h"

#include <nlohmann/json.hpp>

namespace ratchet::k8s::provisioner {

FormedWithout read_formed_without(const std::string& text, const std::vector<std::string>& pods) {
  FormedWithout read;
  if (text.empty()) return read;
  const auto told = nlohmann::json::parse(text, nullptr, false);
  if (!told.is_object()) {
    for (const std::string& pod : pods) read.emplace(pod, GtidSet());
    return read;
  }
  for (const auto& [pod, set] : told.items()) {
    const auto parsed = set.is_string() ? GtidSet::parse(set.get<std::string>()) : std::nullopt;
    read.emplace(pod, parsed.value_or(GtidSet()));
  }
  return read;
}

std::string text_of(const FormedWithout& formed_without) {
  if (formed_without.empty()) return "";
  auto told = nlohmann::json::object();
  for (const auto& [pod, set] : formed_without) told[pod] = set.text();
  return told.dump();
}

}  // namespace ratchet::k8s::provisioner
