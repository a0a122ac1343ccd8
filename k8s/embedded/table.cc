#include "k8s/embedded/table.h"

#include <functional>
#include <map>
#include <utility>

#include "k8s/embedded/json_access.h"
#include "k8s/embedded/json_path.h"
#include "k8s/embedded/time_text.h"

namespace ratchet::k8s::embedded {
namespace {

using Cell = std::function<Json(const Json&)>;

std::string comma_separated(const Json& list, const std::string& none) {
  std::string result;
  for (const Json& one : list) {
    result += (result.empty() ? "" : ",") + (one.is_string() ? one.get<std::string>() : one.dump());
  }
  return result.empty() ? none : result;
}

Json pod_ready(const Json& pod) {
  std::size_t ready = 0;
  for (const Json& status : dig(pod, {"status", "containerStatuses"})) {
    ready += truth(status, {"ready"}) ? 1 : 0;
  }
  return std::to_string(ready) + "/" + std::to_string(dig(pod, {"spec", "containers"}).size());
}

// The reason that a container waits or ended with, else the phase: what kubectl calls STATUS.
Json pod_status(const Json& pod) {
  if (dig(pod, {"metadata"}).contains("deletionTimestamp")) return "Terminating";
  std::string result = text(pod, {"status", "reason"});
  if (result.empty()) result = text(pod, {"status", "phase"});
  std::size_t initialised = 0;
  const Json& inits = dig(pod, {"status", "initContainerStatuses"});
  for (const Json& status : inits) {
    if (dig(status, {"state", "terminated"}).is_object() &&
        number(status, {"state", "terminated", "exitCode"}) == 0) {
      ++initialised;
      continue;
    }
    const std::string why = text(status, {"state", "waiting", "reason"});
    if (!why.empty() && why != "PodInitializing") return "Init:" + why;
    if (dig(status, {"state", "terminated"}).is_object()) return "Init:Error";
    return "Init:" + std::to_string(initialised) + "/" + std::to_string(inits.size());
  }
  for (const Json& status : dig(pod, {"status", "containerStatuses"})) {
    const std::string waiting = text(status, {"state", "waiting", "reason"});
    const std::string ended = text(status, {"state", "terminated", "reason"});
    if (!waiting.empty() || !ended.empty()) result = waiting.empty() ? ended : waiting;
  }
  return result;
}

Json pod_restarts(const Json& pod) {
  std::int64_t restarts = 0;
  for (const Json& status : dig(pod, {"status", "containerStatuses"})) {
    restarts += number(status, {"restartCount"});
  }
  return restarts;
}

Json service_ports(const Json& service) {
  Json ports = Json::array();
  for (const Json& port : dig(service, {"spec", "ports"})) {
    ports.push_back(std::to_string(number(port, {"port"})) + "/" + text(port, {"protocol"}));
  }
  return comma_separated(ports, "<none>");
}

Json template_list(const Json& set, const char* field) {
  Json values = Json::array();
  for (const Json& container : dig(set, {"spec", "template", "spec", "containers"})) {
    values.push_back(text(container, {field}));
  }
  return comma_separated(values, "<none>");
}

Json access_modes(const Json& object) {
  static const std::map<std::string, std::string> shorter = {{"ReadWriteOnce", "RWO"},
                                                             {"ReadOnlyMany", "ROX"},
                                                             {"ReadWriteMany", "RWX"},
                                                             {"ReadWriteOncePod", "RWOP"}};
  Json modes = Json::array();
  for (const Json& mode : dig(object, {"spec", "accessModes"})) {
    const auto found = shorter.find(mode.get<std::string>());
    modes.push_back(found == shorter.end() ? mode : Json(found->second));
  }
  return comma_separated(modes, "");
}

Json event_object(const Json& event) {
  std::string kind = text(event, {"involvedObject", "kind"});
  for (char& letter : kind) letter = static_cast<char>(std::tolower(letter));
  return kind + "/" + text(event, {"involvedObject", "name"});
}

Json node_status(const Json& node) {
  const auto ready = select(node, R"(.status.conditions[?(@.type=="Ready")].status)");
  return !ready.empty() && *ready.front() == "True" ? "Ready" : "NotReady";
}

const std::map<std::string, Cell>& computed() {
  static const std::map<std::string, Cell> cells = {
      {"@none", [](const Json&) { return "<none>"; }},
      {"@zero", [](const Json&) { return 0; }},
      {"@pod-ready", pod_ready},
      {"@pod-status", pod_status},
      {"@pod-restarts", pod_restarts},
      {"@service-ports", service_ports},
      {"@replicas-ready",
       [](const Json& set) {
         return std::to_string(number(set, {"status", "readyReplicas"})) + "/" +
                std::to_string(number(set, {"spec", "replicas"}));
       }},
      {"@template-containers", [](const Json& set) { return template_list(set, "name"); }},
      {"@template-images", [](const Json& set) { return template_list(set, "image"); }},
      {"@access-modes", access_modes},
      {"@volume-claim",
       [](const Json& volume) {
         return text(volume, {"spec", "claimRef", "namespace"}) + "/" +
                text(volume, {"spec", "claimRef", "name"});
       }},
      {"@event-object", event_object},
      {"@data-count", [](const Json& object) { return dig(object, {"data"}).size(); }},
      {"@node-status", node_status},
      {"@role-ref", [](const Json& binding) {
         return text(binding, {"roleRef", "kind"}) + "/" + text(binding, {"roleRef", "name"});
       }}};
  return cells;
}

Json cell(const Column& column, const Json& object, Time now) {
  if (column.path.starts_with("@")) return computed().at(column.path)(object);
  const auto found = select(object, column.path);
  if (found.empty()) return column.type == "date" ? Json("<unknown>") : Json();
  if (column.type == "date" && found.front()->is_string()) {
    const auto age = now - parse_time(found.front()->get<std::string>());
    return age_text(std::chrono::duration_cast<std::chrono::seconds>(age));
  }
  if (column.type == "string" && !found.front()->is_string()) return found.front()->dump();
  return *found.front();
}

const std::vector<Column>& columns_of(const Kind& kind, const std::string& version) {
  static const std::vector<Column> plain = {{"Age", "date", ".metadata.creationTimestamp"}};
  const auto found = kind.columns.find(version);
  return found == kind.columns.end() || found->second.empty() ? plain : found->second;
}

Json row(const std::vector<Column>& columns, const Json& object, Time now, bool whole) {
  Json cells = Json::array({text(object, {"metadata", "name"})});
  for (const Column& column : columns) cells.push_back(cell(column, object, now));
  Json shown = object;
  if (!whole) {
    shown = {{"kind", "PartialObjectMetadata"},
             {"apiVersion", "meta.k8s.io/v1"},
             {"metadata", dig(object, {"metadata"})}};
  }
  return {{"cells", std::move(cells)}, {"object", std::move(shown)}};
}

}  // namespace

Json as_table(const Kind& kind, const std::string& version, const Json& answer, Time now,
              bool whole) {
  const std::vector<Column>& columns = columns_of(kind, version);
  Json definitions = Json::array({{{"name", "Name"},
                                   {"type", "string"},
                                   {"format", "name"},
                                   {"description", ""},
                                   {"priority", 0}}});
  for (const Column& column : columns) {
    definitions.push_back({{"name", column.name},
                           {"type", column.type},
                           {"format", ""},
                           {"description", ""},
                           {"priority", column.priority}});
  }
  const bool list = answer.contains("items");
  Json rows = Json::array();
  if (list) {
    for (const Json& object : answer["items"]) rows.push_back(row(columns, object, now, whole));
  } else {
    rows.push_back(row(columns, answer, now, whole));
  }
  Json metadata = {{"resourceVersion", text(answer, {"metadata", "resourceVersion"})}};
  for (const char* field : {"continue", "remainingItemCount"}) {
    if (list && answer["metadata"].contains(field)) metadata[field] = answer["metadata"][field];
  }
  return {{"kind", "Table"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", std::move(metadata)},
          {"columnDefinitions", std::move(definitions)},
          {"rows", std::move(rows)}};
}

}  // namespace ratchet::k8s::embedded
