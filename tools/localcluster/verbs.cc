#include "tools/localcluster/verbs.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "tools/localcluster/yaml.h"

namespace ratchet::localcluster {
namespace {

using boost::asio::awaitable;
using k8s::Json;
using k8s::Resource;

constexpr std::chrono::seconds deadline{30};
constexpr const char* plain = "application/json";
constexpr const char* table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

std::string root_of(const std::string& api_version) {
  return (api_version.find('/') == std::string::npos ? "/api/" : "/apis/") + api_version;
}

std::string path_of(const Resource& resource, const std::string& space, const std::string& name) {
  std::string path = root_of(resource.api_version());
  if (resource.namespaced && !space.empty()) path += "/namespaces/" + space;
  path += "/" + resource.plural;
  return name.empty() ? path : path + "/" + name;
}

std::string shown(const Resource& resource, const std::string& name) {
  std::string kind = resource.kind;
  for (char& letter : kind) letter = static_cast<char>(std::tolower(letter));
  return kind + (resource.group.empty() ? "" : "." + resource.group) + "/" + name;
}

bool answers_to(const Json& entry, const std::string& word) {
  const Json shorts = entry.value("shortNames", Json::array());
  return entry["name"] == word || entry.value("singularName", "") == word ||
         entry["kind"] == word || std::find(shorts.begin(), shorts.end(), word) != shorts.end();
}

std::string cell_text(const Json& cell) {
  if (cell.is_null()) return "";
  return cell.is_string() ? cell.get<std::string>() : cell.dump();
}

void print_table(const Json& answer, std::ostream& out) {
  std::vector<std::vector<std::string>> rows(1);
  std::vector<bool> visible;
  for (const Json& column : answer["columnDefinitions"]) {
    visible.push_back(column.value("priority", 0) == 0);
    std::string name = column["name"];
    for (char& letter : name) letter = static_cast<char>(std::toupper(letter));
    rows[0].push_back(name);
  }
  for (const Json& row : answer["rows"]) {
    rows.emplace_back();
    for (const Json& cell : row["cells"]) rows.back().push_back(cell_text(cell));
  }
  std::vector<std::size_t> widths(visible.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (visible[i]) out << std::left << std::setw(static_cast<int>(widths[i]) + 3) << row[i];
    }
    out << "\n";
  }
}

}  // namespace

Verbs::Verbs(boost::asio::any_io_executor executor, k8s::Access access)
    : client_(std::move(executor), access.endpoint), access_(std::move(access)) {}

awaitable<Verbs::Answer> Verbs::send(std::string method, std::string path, Json body,
                                     std::string accept) {
  k8s::http::Request request;
  request.method = std::move(method);
  request.target = access_.base_path + path;
  request.headers["Accept"] = std::move(accept);
  if (!access_.token.empty()) request.headers["Authorization"] = "Bearer " + access_.token;
  if (!body.is_null()) {
    request.headers["Content-Type"] =
        request.method == "PATCH" ? "application/merge-patch+json" : plain;
    request.body = body.dump();
  }
  const k8s::http::Response response = co_await client_.fetch(std::move(request), deadline);
  Json parsed = Json::parse(response.body, nullptr, false);
  if (parsed.is_discarded()) parsed = {{"message", response.body}};
  co_return Answer{response.status, std::move(parsed)};
}

awaitable<Json> Verbs::must(std::string method, std::string path, Json body, std::string accept) {
  Answer answer = co_await send(std::move(method), path, std::move(body), std::move(accept));
  if (answer.status >= 300) {
    throw std::runtime_error(answer.body.value("message", path + ": refused") + " (" +
                             std::to_string(answer.status) + ")");
  }
  co_return std::move(answer.body);
}

awaitable<Resource> Verbs::find(std::string word, std::string api_version) {
  std::vector<std::string> roots;
  if (!api_version.empty()) {
    roots.push_back(api_version);
  } else {
    roots.emplace_back("v1");
    const Json groups = co_await must("GET", "/apis", nullptr, plain);
    for (const Json& group : groups["groups"]) {
      roots.push_back(group["preferredVersion"]["groupVersion"]);
    }
  }
  for (const std::string& root : roots) {
    const Answer answer = co_await send("GET", root_of(root), nullptr, plain);
    if (answer.status != 200) continue;
    for (const Json& entry : answer.body["resources"]) {
      const std::string plural = entry["name"];
      if (plural.find('/') != std::string::npos || !answers_to(entry, word)) continue;
      const auto slash = root.find('/');
      const bool core = slash == std::string::npos;
      co_return Resource{core ? "" : root.substr(0, slash), core ? root : root.substr(slash + 1),
                         plural, entry["kind"], entry["namespaced"]};
    }
  }
  throw std::runtime_error("the server has no kind \"" + word + "\"" +
                           (api_version.empty() ? "" : " in " + api_version) +
                           "; apply its CustomResourceDefinition first?");
}

awaitable<void> Verbs::apply(std::vector<Json> manifests, std::ostream& out) {
  for (Json& manifest : manifests) co_await apply_one(std::move(manifest), out);
}

awaitable<void> Verbs::apply_one(Json manifest, std::ostream& out) {
  const std::string kind = manifest.value("kind", "");
  const std::string version = manifest.value("apiVersion", "");
  if (kind.empty() || version.empty() || !manifest.contains("metadata")) {
    throw std::runtime_error("a manifest has no apiVersion, kind or metadata");
  }
  const Resource resource = co_await find(kind, version);
  const std::string name = manifest["metadata"].value("name", "");
  if (resource.namespaced && !manifest["metadata"].contains("namespace")) {
    manifest["metadata"]["namespace"] = access_.space;
  }
  const std::string space = manifest["metadata"].value("namespace", "");
  const Answer old = co_await send("GET", path_of(resource, space, name), nullptr, plain);
  const char* done = "created";
  if (name.empty() || old.status == 404) {
    co_await must("POST", path_of(resource, space, ""), std::move(manifest), plain);
  } else {
    const Json now =
        co_await must("PATCH", path_of(resource, space, name), std::move(manifest), plain);
    const bool same = old.body["metadata"]["resourceVersion"] == now["metadata"]["resourceVersion"];
    done = same ? "unchanged" : "configured";
  }
  out << shown(resource, name) << " " << done << "\n";
}

awaitable<void> Verbs::get(std::string kind, std::string name, std::string space,
                           std::string output, std::ostream& out) {
  const Resource resource = co_await find(std::move(kind), "");
  const Json answer = co_await must("GET", path_of(resource, space, name), nullptr,
                                    output == "table" ? table : plain);
  if (output == "table") {
    print_table(answer, out);
  } else {
    out << (output == "json" ? answer.dump(2) + "\n" : to_yaml(answer));
  }
}

awaitable<void> Verbs::remove(std::string kind, std::string name, std::string space,
                              std::ostream& out) {
  const Resource resource = co_await find(std::move(kind), "");
  co_await must("DELETE", path_of(resource, space, name), Json::object(), plain);
  out << shown(resource, name) << " deleted\n";
}

}  // namespace ratchet::localcluster
