#include "k8s/operator/admission.h"

#include <charconv>
#include <limits>
#include <utility>

namespace ratchet::k8s {

namespace {

std::string text_at(const Json& object, const char* pointer) {
  const Json::json_pointer path(pointer);
  if (!object.contains(path) || !object.at(path).is_string()) return "";
  return object.at(path).get<std::string>();
}

bool is_update(const std::string& type) { return type == "UpdateVersion" || type == "Upgrade"; }

std::string refusal_of(const OpsRequest& request, const std::string& timeout) {
  if (!is_update(request.type)) {
    return "defined OpsRequestType " + request.type +
           " is not supported, supported types for MySQL are UpdateVersion, Upgrade";
  }
  if (request.database.empty()) {
    return "spec.databaseRef " + request.space + "/, is invalid or not found: name the MySQL";
  }
  if (request.target_version.empty()) {
    return "spec.updateVersion nil not supported in " + request.type +
           " type: set spec.updateVersion.targetVersion to the name of a MySQLVersion";
  }
  if (!timeout.empty() && !parse_duration(timeout)) {
    return "spec.timeout \"" + timeout + "\" is no positive duration: write it like 20m or 1h30m";
  }
  return "";
}

// Newest first; on a tie the alphabetically smaller name counts as newer.
bool is_newer(const OpsRequest& a, const OpsRequest& b) {
  return a.created != b.created ? a.created > b.created : a.name < b.name;
}

}  // namespace

OpsRequest read_request(const Json& object) {
  OpsRequest request;
  request.space = text_at(object, "/metadata/namespace");
  request.name = text_at(object, "/metadata/name");
  request.uid = text_at(object, "/metadata/uid");
  request.created = text_at(object, "/metadata/creationTimestamp");
  const Json::json_pointer generation("/metadata/generation");
  if (object.contains(generation) && object.at(generation).is_number_integer()) {
    request.generation = object.at(generation).get<std::int64_t>();
  }
  request.type = text_at(object, "/spec/type");
  request.database = text_at(object, "/spec/databaseRef/name");
  request.target_version = text_at(object, "/spec/updateVersion/targetVersion");
  if (request.target_version.empty()) {
    request.target_version = text_at(object, "/spec/upgrade/targetVersion");
  }
  const std::string timeout = text_at(object, "/spec/timeout");
  if (const auto given = parse_duration(timeout)) request.timeout = *given;
  request.only_if_ready = text_at(object, "/spec/apply") != "Always";
  request.phase = text_at(object, "/status/phase");
  request.malformed = refusal_of(request, timeout);
  return request;
}

std::optional<std::chrono::microseconds> parse_duration(const std::string& text) {
  static constexpr std::pair<const char*, double> units[] = {
      {"h", 3.6e9}, {"ms", 1e3}, {"m", 6e7}, {"us", 1.0}, {"s", 1e6}};
  double total = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number,
                                              std::chars_format::fixed);
    if (error != std::errc{} || number < 0) return std::nullopt;
    at = static_cast<std::size_t>(end - text.data());
    bool known = false;
    for (const auto& [unit, microseconds] : units) {
      if (text.compare(at, std::string(unit).size(), unit) != 0) continue;
      total += number * microseconds;
      at += std::string(unit).size();
      known = true;
      break;
    }
    if (!known) return std::nullopt;
  }
  constexpr double year = 365 * 24 * 3.6e9;
  if (total < 1 || total > year) return std::nullopt;
  return std::chrono::microseconds(static_cast<std::int64_t>(total));
}

Decision admit(const OpsRequest& request, const std::vector<OpsRequest>& others,
               const std::optional<std::string>& running, const std::optional<Json>& database) {
  if (!request.malformed.empty()) {
    return {Admission::fail, "OpsRequestFailedToProgressing", request.malformed};
  }
  for (const OpsRequest& other : others) {
    const bool waits_too = other.database == request.database && other.uid != request.uid &&
                           other.type == request.type && other.malformed.empty() &&
                           !other.ended() && other.name != running.value_or("");
    if (!waits_too || !is_newer(other, request)) continue;
    return {Admission::skip, "Skipped",
            "skipped as " + other.space + "/" + other.name +
                " is the most updated MySQLOpsRequest of type " + other.type + " at " +
                other.created};
  }
  const std::string name = request.space + "/" + request.database;
  if (running) {
    return {Admission::wait, "AnotherRequestProgressing",
            "waits for MySQLOpsRequest " + request.space + "/" + *running +
                ", which works on MySQL " + name};
  }
  // A database that is not there fails the run, where the reason is recorded.
  if (request.only_if_ready && database && text_at(*database, "/status/phase") != "Ready") {
    const std::string phase = text_at(*database, "/status/phase");
    return {Admission::wait, "DatabaseNotReady",
            "waits until MySQL " + name + " is Ready (it is " +
                (phase.empty() ? "not yet provisioned" : phase) +
                "); spec.apply: Always does not wait"};
  }
  return {};
}

Json status_without_run(const OpsRequest& request, const Decision& decision,
                        const std::string& now) {
  const auto condition = [&](const char* type, const char* status) {
    return Json{{"type", type},
                {"status", status},
                {"reason", decision.reason},
                {"message", decision.message},
                {"observedGeneration", request.generation},
                {"lastTransitionTime", now}};
  };
  Json conditions = Json::array();
  const char* phase = "Pending";
  if (decision.admission == Admission::wait) conditions.push_back(condition("Pending", "True"));
  if (decision.admission == Admission::skip) {
    phase = "Skipped";
    conditions.push_back(condition("Skipped", "True"));
  }
  if (decision.admission == Admission::fail) {
    phase = "Failed";
    conditions.push_back(condition("UpgradeVersion", "False"));
    conditions.push_back(condition("Failed", "True"));
  }
  return {{"phase", phase},
          {"observedGeneration", request.generation},
          {"conditions", std::move(conditions)}};
}

}  // namespace ratchet::k8s
