#include "k8s/embedded/discovery.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

constexpr const char* git_version = "v1.32.0";

// Group → its versions, the preferred first.
std::map<std::string, std::vector<std::string>> groups_of(const Kinds& kinds) {
  std::map<std::string, std::vector<std::string>> groups;
  for (const KindPtr& kind : kinds.all()) {
    std::vector<std::string>& versions = groups[kind->group];
    for (const std::string& version : kind->versions) {
      if (std::find(versions.begin(), versions.end(), version) == versions.end()) {
        versions.push_back(version);
      }
    }
  }
  return groups;
}

Json group_document(const std::string& name, const std::vector<std::string>& versions) {
  Json list = Json::array();
  const std::string prefix = name + "/";
  for (const std::string& version : versions) {
    list.push_back({{"groupVersion", prefix + version}, {"version", version}});
  }
  Json preferred = list.front();
  return {{"name", name}, {"versions", std::move(list)}, {"preferredVersion", preferred}};
}

Json resource_entry(const Kind& kind) {
  Json entry = {
      {"name", kind.plural},
      {"singularName", kind.singular},
      {"namespaced", kind.namespaced},
      {"kind", kind.kind},
      {"verbs",
       {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}}};
  if (!kind.short_names.empty()) entry["shortNames"] = kind.short_names;
  if (!kind.categories.empty()) entry["categories"] = kind.categories;
  return entry;
}

Json resource_list(const Kinds& kinds, const std::string& group, const std::string& version) {
  Json resources = Json::array();
  for (const KindPtr& kind : kinds.all()) {
    if (kind->group != group || !kind->serves(version)) continue;
    resources.push_back(resource_entry(*kind));
    if (!kind->has_status) continue;
    resources.push_back({{"name", kind->plural + "/status"},
                         {"singularName", ""},
                         {"namespaced", kind->namespaced},
                         {"kind", kind->kind},
                         {"verbs", {"get", "patch", "update"}}});
  }
  if (resources.empty()) return nullptr;
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group.empty() ? version : group + "/" + version},
          {"resources", std::move(resources)}};
}

Json version_document() {
  return {{"major", "1"},    {"minor", "32"},           {"gitVersion", git_version},
          {"gitCommit", ""}, {"gitTreeState", "clean"}, {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", ""}, {"compiler", ""},          {"platform", "linux/amd64"}};
}

Json identity_of(const Kind& kind, const std::string& version) {
  return {{"group", kind.group}, {"version", version}, {"kind", kind.kind}};
}

// kubectl asks only whether PATCH of the kind takes `fieldValidation`, and which patches it knows.
// It falls back to the strategic merge keys that it has itself for built-in kinds.
Json patch_operation(const Kind& kind, const std::string& version) {
  Json content = {{"application/merge-patch+json", Json::object()},
                  {"application/json-patch+json", Json::object()}};
  return {{"x-kubernetes-group-version-kind", identity_of(kind, version)},
          {"x-kubernetes-action", "patch"},
          {"parameters",
           {{{"name", "fieldValidation"}, {"in", "query"}, {"schema", {{"type", "string"}}}}}},
          {"requestBody", {{"content", std::move(content)}}},
          {"responses", {{"200", {{"description", "OK"}}}}}};
}

Json open_api(const Kinds& kinds, const std::string& group, const std::string& version) {
  Json paths = Json::object();
  Json schemas = Json::object();
  const std::string root = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
  for (const KindPtr& kind : kinds.all()) {
    if (kind->group != group || !kind->serves(version)) continue;
    const std::string path =
        root + (kind->namespaced ? "/namespaces/{namespace}/" : "/") + kind->plural + "/{name}";
    paths[path] = {{"patch", patch_operation(*kind, version)}};
    const auto known = kind->schemas.find(version);
    Json schema = known == kind->schemas.end() ? Json{{"type", "object"}} : known->second;
    schema["x-kubernetes-group-version-kind"] = Json::array({identity_of(*kind, version)});
    schemas[(group.empty() ? "core" : group) + "." + version + "." + kind->kind] =
        std::move(schema);
  }
  if (paths.empty()) return nullptr;
  return {{"openapi", "3.0.0"},
          {"info", {{"title", "Ratchet's embedded API server"}, {"version", git_version}}},
          {"paths", std::move(paths)},
          {"components", {{"schemas", std::move(schemas)}}}};
}

Json open_api_index(const Kinds& kinds) {
  Json paths = Json::object();
  for (const auto& [group, versions] : groups_of(kinds)) {
    const std::string prefix = group.empty() ? "api/" : "apis/" + group + "/";
    for (const std::string& version : versions) {
      const std::string path = prefix + version;
      paths[path] = {{"serverRelativeURL", "/openapi/v3/" + path}};
    }
  }
  return {{"paths", std::move(paths)}};
}

std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> segments;
  std::string segment;
  for (const char letter : path + "/") {
    if (letter != '/') {
      segment += letter;
    } else if (!segment.empty()) {
      segments.push_back(std::exchange(segment, ""));
    }
  }
  return segments;
}

Json group_list(const Kinds& kinds) {
  Json groups = Json::array();
  for (const auto& [name, versions] : groups_of(kinds)) {
    if (!name.empty()) groups.push_back(group_document(name, versions));
  }
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}};
}

Json one_group(const Kinds& kinds, const std::string& name) {
  const auto groups = groups_of(kinds);
  const auto found = groups.find(name);
  if (name.empty() || found == groups.end()) return nullptr;
  Json group = group_document(name, found->second);
  group["kind"] = "APIGroup";
  group["apiVersion"] = "v1";
  return group;
}

Json document(const Kinds& kinds, const std::vector<std::string>& at) {
  if (at == std::vector<std::string>{"version"}) return version_document();
  if (at == std::vector<std::string>{"api"}) {
    return {{"kind", "APIVersions"}, {"versions", {"v1"}}};
  }
  if (at == std::vector<std::string>{"apis"}) return group_list(kinds);
  if (at.size() == 2 && at[0] == "api") return resource_list(kinds, "", at[1]);
  if (at.size() == 2 && at[0] == "apis") return one_group(kinds, at[1]);
  if (at.size() == 3 && at[0] == "apis") return resource_list(kinds, at[1], at[2]);
  if (at.size() < 2 || at[0] != "openapi" || at[1] != "v3") return nullptr;
  if (at.size() == 2) return open_api_index(kinds);
  if (at.size() == 4 && at[2] == "api") return open_api(kinds, "", at[3]);
  if (at.size() == 5 && at[2] == "apis") return open_api(kinds, at[3], at[4]);
  return nullptr;
}

}  // namespace

std::optional<Json> discovery_document(const Kinds& kinds, const std::string& path) {
  Json found = document(kinds, segments_of(path));
  return found.is_null() ? std::nullopt : std::optional<Json>(std::move(found));
}

}  // namespace ratchet::k8s::embedded
