#include "k8s/operator/admission.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "k8s/api/duration.h"
#include "k8s/api/request_rules.h"
#include "k8s/api/scaling_rules.h"
#include "k8s/operator/request_types.h"
#include "workflows/mysql/backup_ports.h"

namespace ratchet::k8s {

namespace {

std::string text_at(const Json& object, const char* pointer) {
  const Json::json_pointer path(pointer);
  if (!object.contains(path) || !object.at(path).is_string()) return "";
  return object.at(path).get<std::string>();
}

// As a JSON pointer writes requester_annotation (review.h).
constexpr const char* requester_path = "/metadata/annotations/ratchet.dev~1requested-by";

// Newest first; on a tie the alphabetically smaller name counts as newer.
bool is_newer(const OpsRequest& a, const OpsRequest& b) {
  return a.created != b.created ? a.created > b.created : a.name < b.name;
}

void complain(OpsRequest& request, const std::string& what) {
  request.malformed += (request.malformed.empty() ? "" : "; ") + what;
}

// What would not be waited for must not be asked for in vain.
void refuse_waits(OpsRequest& request, const std::string& approval) {
  const RequestType* type = request_type(request.type);
  if (type == nullptr || type->has_plan) return;
  for (const auto& [name, value] :
       {std::pair(approval_annotation, approval), std::pair(window_annotation, request.window)}) {
    if (value.empty()) continue;
    complain(request, std::string("annotation ") + name + ": a request of type " + request.type +
                          " has no plan to approve and waits for no window: leave it out, and "
                          "create the request when it may begin");
  }
}

void read_evidence(OpsRequest& request, const std::string& word) {
  if (word.empty()) return;
  const std::string name = std::string("annotation ") + evidence_annotation;
  const RequestType* type = request_type(request.type);
  if (type != nullptr && !type->has_plan) {
    complain(request, name + ": a request of type " + request.type +
                          " takes no evidence of the data: leave it out");
  }
  if (word != mysql::evidence_required && word != mysql::evidence_declined) {
    complain(request, name + ": \"" + word + "\" is neither \"" + mysql::evidence_required +
                          "\" nor \"" + mysql::evidence_declined + "\"");
  }
  request.backup_evidence = word;
}

// A word that is none must not pass for "no approval".
void read_annotations(const Json& object, OpsRequest& request) {
  const Json::json_pointer path("/metadata/annotations");
  if (!object.contains(path) || !object.at(path).is_object()) return;
  const auto note = [&](const char* name) {
    const Json& notes = object.at(path);
    const bool is_text = notes.contains(name) && notes.at(name).is_string();
    return is_text ? notes.at(name).get<std::string>() : std::string();
  };
  const std::string approval = note(approval_annotation);
  request.needs_approval = approval == "required";
  if (!approval.empty() && !request.needs_approval) {
    complain(request, std::string("annotation ") + approval_annotation + ": \"" + approval +
                          "\" is not \"required\"");
  }
  request.window = note(window_annotation);
  refuse_waits(request, approval);
  read_evidence(request, note(evidence_annotation));
  request.approved_plan = note(approved_annotation);
  request.denied_plan = note(denied_annotation);
  request.decided_by = note(decider_annotation);
  const std::string seen = note(decided_on_annotation);
  const std::string now = decided_on(request.approved_plan, request.denied_plan);
  if (!seen.empty() && seen != now) request.decided_by.clear();
}

// How often a step that is not done in its time gets as much time again. Attempts within that time
// are the engine's matter, and not counted here.
int retries_in(const Json& object) {
  constexpr std::int64_t most = 20;
  const Json::json_pointer path("/spec/maxRetries");
  if (!object.contains(path) || !object.at(path).is_number_integer()) return 0;
  return static_cast<int>(std::clamp<std::int64_t>(object.at(path).get<std::int64_t>(), 0, most));
}

bool is_ready(const std::optional<Json>& database) {
  return database && text_at(*database, "/status/phase") == "Ready";
}

// Of another type, older, and not held up itself by a database that is not Ready: else nobody could
// restart that.
bool goes_first(const OpsRequest& other, const OpsRequest& request,
                const std::optional<Json>& database) {
  return other.type != request.type && is_newer(request, other) &&
         (!other.only_if_ready || is_ready(database));
}

}  // namespace

OpsRequest read_request(const Json& object) {
  OpsRequest request;
  request.space = text_at(object, "/metadata/namespace");
  request.name = text_at(object, "/metadata/name");
  request.uid = text_at(object, "/metadata/uid");
  request.created = text_at(object, "/metadata/creationTimestamp");
  request.deleting = !text_at(object, "/metadata/deletionTimestamp").empty();
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
  request.members = api::wanted_members(object);
  const Json resources = api::wanted_resources(object);
  if (!resources.is_null()) request.resources = resources.dump();
  if (const auto given = parse_duration(text_at(object, "/spec/timeout"))) request.timeout = *given;
  request.timeout *= 1 + retries_in(object);
  request.only_if_ready = text_at(object, "/spec/apply") != "Always";
  request.requested_by = text_at(object, requester_path);
  request.phase = text_at(object, "/status/phase");
  request.malformed = api::text(api::check_request(object));
  read_annotations(object, request);
  return request;
}

Decision admit(const OpsRequest& request, const std::vector<OpsRequest>& others,
               const std::optional<std::string>& running, const std::optional<Json>& database) {
  if (!request.malformed.empty()) {
    return {Admission::fail, "OpsRequestFailedToProgressing", request.malformed};
  }
  const OpsRequest* first = nullptr;
  for (const OpsRequest& other : others) {
    const bool waits_too = other.database == request.database && other.uid != request.uid &&
                           other.malformed.empty() && !other.ended() &&
                           other.name != running.value_or("");
    if (!waits_too) continue;
    if (goes_first(other, request, database)) first = &other;
    if (other.type != request.type || !is_newer(other, request)) continue;
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
  if (first != nullptr) {
    return {Admission::wait, "OlderRequestWaiting",
            "waits for MySQLOpsRequest " + first->space + "/" + first->name + " of type " +
                first->type + ", which is older"};
  }
  // A database that is not there fails the run, where the reason is recorded.
  if (request.only_if_ready && database && !is_ready(database)) {
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
    const RequestType* type = request_type(request.type);
    conditions.push_back(
        condition(type != nullptr ? type->done.condition.type : "UpgradeVersion", "False"));
    conditions.push_back(condition("Failed", "True"));
  }
  return {{"phase", phase},
          {"observedGeneration", request.generation},
          {"conditions", std::move(conditions)}};
}

}  // namespace ratchet::k8s
