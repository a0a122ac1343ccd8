#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {

const Json& dig(const Json& value, std::initializer_list<const char*> path) {
  static const Json nothing;
  const Json* at = &value;
  for (const char* key : path) {
    if (!at->is_object()) return nothing;
    const auto found = at->find(key);
    if (found == at->end()) return nothing;
    at = &*found;
  }
  return *at;
}

std::string text(const Json& value, std::initializer_list<const char*> path) {
  const Json& found = dig(value, path);
  return found.is_string() ? found.get<std::string>() : std::string();
}

std::int64_t number(const Json& value, std::initializer_list<const char*> path,
                    std::int64_t otherwise) {
  const Json& found = dig(value, path);
  return found.is_number() ? found.get<std::int64_t>() : otherwise;
}

bool truth(const Json& value, std::initializer_list<const char*> path, bool otherwise) {
  const Json& found = dig(value, path);
  return found.is_boolean() ? found.get<bool>() : otherwise;
}

void set_default(Json& object, const char* key, const Json& value) {
  if (!object.is_object()) return;
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) object[key] = value;
}

}  // namespace ratchet::k8s::embedded
