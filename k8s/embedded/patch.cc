#include "k8s/embedded/patch.h"

#include <algorithm>
#include <map>
#include <utility>

#include "k8s/embedded/json_access.h"
#include "k8s/embedded/refusal.h"

namespace ratchet::k8s::embedded {
namespace {

// Lists that a strategic merge patch merges element by element, with the key of an element; the
// key of a list of plain strings is empty. From the `patchMergeKey` marks of the Kubernetes API.
const std::map<std::string, std::vector<std::string>>& merge_keys() {
  static const std::map<std::string, std::vector<std::string>> keys = {
      {"containers", {"name"}},
      {"initContainers", {"name"}},
      {"ephemeralContainers", {"name"}},
      {"containerStatuses", {}},
      {"volumes", {"name"}},
      {"env", {"name"}},
      {"imagePullSecrets", {"name"}},
      {"secrets", {"name"}},
      {"volumeMounts", {"mountPath"}},
      {"volumeDevices", {"devicePath"}},
      {"ports", {"containerPort", "port"}},
      {"hostAliases", {"ip"}},
      {"topologySpreadConstraints", {"topologyKey"}},
      {"conditions", {"type"}},
      {"ownerReferences", {"uid"}},
      {"podIPs", {"ip"}},
      {"finalizers", {""}}};
  return keys;
}

Json merge(const Json& object, const Json& patch);

// The key of these elements, among the candidates; nothing if the list is replaced as a whole.
const std::string* key_of(const std::string& field, const Json& elements) {
  const auto found = merge_keys().find(field);
  if (found == merge_keys().end()) return nullptr;
  for (const std::string& key : found->second) {
    const bool all = std::all_of(elements.begin(), elements.end(), [&](const Json& element) {
      return key.empty() ? element.is_string()
                         : element.contains(key) || element.contains("$patch");
    });
    if (all) return &key;
  }
  return nullptr;
}

Json merge_list(const Json& list, const Json& patch, const std::string& key) {
  Json result = list.is_array() ? list : Json::array();
  for (const Json& change : patch) {
    const auto same = std::find_if(result.begin(), result.end(), [&](const Json& element) {
      return key.empty() ? element == change
                         : element.contains(key) && element[key] == dig(change, {key.c_str()});
    });
    const std::string directive = text(change, {"$patch"});
    if (directive == "delete") {
      if (same != result.end()) result.erase(same);
    } else if (same == result.end()) {
      result.push_back(key.empty() ? change : merge(Json::object(), change));
    } else if (!key.empty()) {
      *same = merge(*same, change);
    }
  }
  return result;
}

void merge_field(Json& result, const std::string& field, const Json& change) {
  constexpr std::string_view removal = "$deleteFromPrimitiveList/";
  if (field.starts_with(removal)) {
    Json& list = result[field.substr(removal.size())];
    for (const Json& value : change)
      list.erase(std::remove(list.begin(), list.end(), value), list.end());
    return;
  }
  if (field.starts_with("$")) return;  // $setElementOrder, $retainKeys: order is not kept here
  if (change.is_null()) {
    result.erase(field);
  } else if (change.is_object()) {
    const Json& old = dig(result, {field.c_str()});
    result[field] = merge(old.is_object() ? old : Json::object(), change);
  } else if (const std::string* key = change.is_array() ? key_of(field, change) : nullptr) {
    result[field] = merge_list(dig(result, {field.c_str()}), change, *key);
  } else {
    result[field] = change;
  }
}

Json merge(const Json& object, const Json& patch) {
  const std::string directive = text(patch, {"$patch"});
  if (directive == "delete") return Json::object();
  Json result = directive == "replace" ? Json::object() : object;
  for (const auto& [field, change] : patch.items()) merge_field(result, field, change);
  return result;
}

Json apply_json_patch(const Json& object, const Json& patch) {
  if (!patch.is_array()) throw bad_request("error decoding patch: it is not a list of operations");
  try {
    return object.patch(patch);
  } catch (const Json::exception&) {
    throw Refusal(failure(422, "Invalid",
                          "the server rejected our request due to an error in our request",
                          Json::object()));
  }
}

}  // namespace

Json patched(const Kind& kind, PatchType type, const Json& object, const Json& patch) {
  if (type == PatchType::json) return apply_json_patch(object, patch);
  if (!patch.is_object()) throw bad_request("error decoding patch: it is not an object");
  if (type == PatchType::merge) {
    Json result = object;
    result.merge_patch(patch);
    return result;
  }
  if (kind.custom) {
    throw Refusal(failure(415, "UnsupportedMediaType",
                          "the body of the request was in an unknown format - accepted media types "
                          "include: application/json-patch+json, application/merge-patch+json, "
                          "application/apply-patch+yaml",
                          nullptr));
  }
  return merge(object, patch);
}

}  // namespace ratchet::k8s::embedded
