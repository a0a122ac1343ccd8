#include "k8s/embedded/json_path.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

using Found = std::vector<const Json*>;

std::string unquoted(std::string text) {
  if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"')) {
    text = text.substr(1, text.size() - 2);
  }
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    result += text[i];
  }
  return result;
}

Found field(const Found& from, const std::string& name) {
  Found result;
  for (const Json* value : from) {
    const Json& inner = dig(*value, {name.c_str()});
    if (!inner.is_null()) result.push_back(&inner);
  }
  return result;
}

// `?(@.type=="Ready")`
Found filtered(const Found& from, const std::string& inside) {
  const auto equals = inside.find("==");
  const auto at = inside.find('@');
  if (equals == std::string::npos || at == std::string::npos) return {};
  const std::string path = inside.substr(at + 1, equals - at - 1);
  std::string wanted = inside.substr(equals + 2);
  if (!wanted.empty() && wanted.back() == ')') wanted.pop_back();
  wanted = unquoted(wanted);
  Found result;
  for (const Json* list : from) {
    if (!list->is_array()) continue;
    for (const Json& element : *list) {
      const Found found = select(element, path);
      const auto same = [&](const Json* value) {
        return value->is_string() ? *value == wanted : value->dump() == wanted;
      };
      if (std::any_of(found.begin(), found.end(), same)) result.push_back(&element);
    }
  }
  return result;
}

Found bracket(const Found& from, const std::string& inside) {
  if (inside.starts_with("?")) return filtered(from, inside);
  if (inside.starts_with("'") || inside.starts_with("\"")) return field(from, unquoted(inside));
  Found result;
  std::size_t index = 0;
  const auto parsed = std::from_chars(inside.data(), inside.data() + inside.size(), index);
  for (const Json* list : from) {
    if (!list->is_array()) continue;
    if (inside == "*") {
      for (const Json& element : *list) result.push_back(&element);
    } else if (parsed.ec == std::errc() && index < list->size()) {
      result.push_back(&(*list)[index]);
    }
  }
  return result;
}

}  // namespace

std::vector<const Json*> select(const Json& object, const std::string& path) {
  Found found{&object};
  std::size_t at = 0;
  while (at < path.size() && !found.empty()) {
    if (path[at] == '.') {
      ++at;
    } else if (path[at] == '[') {
      const auto end = path.find(']', at);
      if (end == std::string::npos) return {};
      found = bracket(found, path.substr(at + 1, end - at - 1));
      at = end + 1;
    } else {
      std::string name;
      for (; at < path.size() && path[at] != '.' && path[at] != '['; ++at) {
        if (path[at] == '\\' && at + 1 < path.size()) ++at;
        name += path[at];
      }
      found = field(found, name);
    }
  }
  return found;
}

}  // namespace ratchet::k8s::embedded
