#include "k8s/api/field.h"

#include <algorithm>
#include <string_view>

namespace ratchet::k8s::api {

const Json& field(const Json& object, const std::string& path) {
  static const Json none;
  const Json* here = &object;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('.', at), path.size());
    const std::string name = path.substr(at, end - at);
    if (!here->is_object() || !here->contains(name)) return none;
    here = &here->at(name);
    at = end + 1;
  }
  return *here;
}

std::string text_field(const Json& object, const std::string& path) {
  const Json& found = field(object, path);
  return found.is_string() ? found.get<std::string>() : "";
}

bool is_true(const Json& object, const std::string& path) {
  const Json& found = field(object, path);
  return found.is_boolean() && found.get<bool>();
}

std::string object_path(const Json& object) {
  return text_field(object, "metadata.namespace") + "/" + text_field(object, "metadata.name");
}

bool is_object_name(const std::string& name) {
  constexpr std::string_view inner = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (name.empty() || name.size() > 253) return false;
  bool edge = true;  // a label begins here
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool last = i + 1 == name.size() || name[i + 1] == '.';
    if (name[i] == '.') {
      if (edge) return false;
      edge = true;
      continue;
    }
    if (inner.find(name[i]) == std::string_view::npos) return false;
    if (name[i] == '-' && (edge || last)) return false;
    edge = false;
  }
  return !edge;
}

}  // namespace ratchet::k8s::api
