#include "k8s/operator/review.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "k8s/adapters/catalogue.h"
#include "k8s/api/database_changes.h"
#include "k8s/api/database_defaults.h"
#include "k8s/api/database_rules.h"
#include "k8s/api/field.h"
#include "k8s/api/request_rules.h"
#include "k8s/client/kinds.h"
#include "k8s/client/text.h"
#include "k8s/operator/admission.h"
#include "workflows/mysql/scaling_explain.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using api::Findings;
using api::text_field;

namespace {

Json allowed(const std::vector<std::string>& warnings = {}) {
  Json response = {{"allowed", true}};
  if (!warnings.empty()) response["warnings"] = warnings;
  return response;
}

Json denied(int code, const char* reason, const std::string& message) {
  return {{"allowed", false},
          {"status", {{"code", code}, {"reason", reason}, {"message", message}}}};
}

// Allowed, and with what turns `before` into `after`.
Json changed(const Json& before, const Json& after) {
  Json response = allowed();
  const Json patch = Json::diff(before, after);
  if (patch.empty()) return response;
  response["patchType"] = "JSONPatch";
  response["patch"] = base64_encode(patch.dump());
  return response;
}

// kubectl prints these as it prints KubeDB's: BadRequest about a MySQL, Invalid about a request.
Json verdict_on_database(const Findings& findings) {
  Findings faults;
  std::vector<std::string> warnings;
  for (const api::Finding& finding : findings) {
    if (finding.reason == api::unsupported) {
      warnings.push_back(api::text({finding}));
    } else {
      faults.push_back(finding);
    }
  }
  return faults.empty() ? allowed(warnings) : denied(400, "BadRequest", api::text(faults));
}

Json verdict_on_request(const Json& object, const Findings& findings) {
  if (findings.empty()) return allowed();
  const std::string name = text_field(object, "metadata.name");
  std::string message = "MySQLOpsRequest.MySQLopsrequests.kubedb.com \"" + name + "\" is invalid: ";
  for (const api::Finding& finding : findings) {
    if (&finding != &findings.front()) message += ", ";
    message += finding.path + ": Invalid value: \"" + name + "\": " + finding.message;
  }
  return denied(422, "Invalid", message);
}

bool contains(const Findings& findings, const api::Finding& wanted) {
  return std::any_of(findings.begin(), findings.end(), [&](const api::Finding& finding) {
    return finding.path == wanted.path && finding.message == wanted.message;
  });
}

// What an edit made worse: an object that was wrong before can be put right piece by piece.
Findings new_findings(const Json& before, const Json& after) {
  const Findings old = api::check_database(before);
  Findings fresh;
  for (api::Finding& finding : api::check_database(after)) {
    if (!contains(old, finding)) fresh.push_back(std::move(finding));
  }
  return fresh;
}

bool is_going(const Json& object) {
  return !api::field(object, "metadata.deletionTimestamp").is_null();
}

Json mutate_database(const Json& request, const ReviewOptions& options) {
  const Json& object = request.at("object");
  if (is_going(object)) return allowed();
  Json wanted = object;
  if (text_field(request, "operation") == "UPDATE") {
    wanted = api::with_one_policy(request.at("oldObject"), std::move(wanted));
  }
  const std::string name = options.new_uuid ? options.new_uuid() : "";
  return changed(object, api::with_defaults(std::move(wanted), name));
}

// Who wrote the annotations that approve or deny a plan, and what they were then: whoever changed
// one of them last.
Json decision_notes(const Json& request) {
  const Json& now = api::field(request, "object.metadata.annotations");
  const Json& before = api::field(request, "oldObject.metadata.annotations");
  const auto note = [](const Json& notes, const char* name) {
    return notes.is_object() ? notes.value(name, Json()) : Json();
  };
  const bool decides =
      !note(now, approved_annotation).is_null() || !note(now, denied_annotation).is_null();
  if (!decides) return {{decider_annotation, nullptr}, {decided_on_annotation, nullptr}};
  for (const char* name : {approved_annotation, denied_annotation}) {
    if (note(now, name) == note(before, name)) continue;
    const auto plan = [&](const char* which) {
      const Json hash = note(now, which);
      return hash.is_string() ? hash.get<std::string>() : std::string();
    };
    return {
        {decider_annotation, text_field(request, "userInfo.username")},
        {decided_on_annotation, decided_on(plan(approved_annotation), plan(denied_annotation))}};
  }
  return {{decider_annotation, note(before, decider_annotation)},
          {decided_on_annotation, note(before, decided_on_annotation)}};
}

// Who asked is what the API server says, never what the object says.
Json mutate_request(const Json& request) {
  const Json& object = request.at("object");
  Json wanted = object;
  Json asked = text_field(request, "userInfo.username");
  if (text_field(request, "operation") == "UPDATE") {
    const Json& notes = api::field(request, "oldObject.metadata.annotations");
    asked = notes.is_object() ? notes.value(requester_annotation, Json()) : Json();
  }
  if (asked.is_null() && !api::field(object, "metadata.annotations").is_object()) return allowed();
  Json notes = decision_notes(request);
  notes[requester_annotation] = asked;
  wanted.merge_patch({{"metadata", {{"annotations", std::move(notes)}}}});
  return changed(object, wanted);
}

mysql::Database topology_of(const Json& found) {
  mysql::Database database;
  database.set_standalone(api::field(found, "spec.topology").is_null());
  database.set_topology(text_field(found, "spec.topology.mode"));
  return database;
}

// Of a database whose members shall be as many as a request says.
Findings check_topology(const Json& found) {
  const std::string why = mysql::not_scalable(topology_of(found));
  return why.empty() ? Findings{} : Findings{{"spec.horizontalScaling", why}};
}

// A review without what its operation must carry.
void demand(bool there, const std::string& what) {
  if (!there) throw BadReview("the AdmissionReview has no " + what);
}

void check_shape(const Json& request) {
  const std::string operation = text_field(request, "operation");
  const bool writes = operation == "CREATE" || operation == "UPDATE";
  demand(writes || operation == "DELETE", "request.operation of CREATE, UPDATE or DELETE");
  demand(!writes || api::field(request, "object").is_object(), "request.object");
  demand(operation == "CREATE" || api::field(request, "oldObject").is_object(),
         "request.oldObject");
}

}  // namespace

asio::awaitable<Json> Reviewer::answer(std::string path, Json review) {
  demand(text_field(review, "apiVersion") == "admission.k8s.io/v1" &&
             text_field(review, "kind") == "AdmissionReview",
         "apiVersion admission.k8s.io/v1 and kind AdmissionReview");
  const Json& request = api::field(review, "request");
  const std::string uid = text_field(request, "uid");
  demand(!uid.empty(), "request.uid");
  check_shape(request);
  // Never on status: whoever registers this for it gets no answer that could stop a controller.
  const bool status = !text_field(request, "subResource").empty();
  Json response = status ? allowed() : co_await decide(std::move(path), request);
  response["uid"] = uid;
  co_return Json{{"apiVersion", "admission.k8s.io/v1"},
                 {"kind", "AdmissionReview"},
                 {"response", std::move(response)}};
}

asio::awaitable<Json> Reviewer::decide(std::string path, Json request) {
  const bool goes = text_field(request, "operation") == "DELETE";
  if (path == "/mutate-kubedb-com-v1-mysql") {
    co_return goes ? allowed() : mutate_database(request, options_);
  }
  if (path == "/mutate-ops-kubedb-com-v1alpha1-mysqlopsrequest") {
    co_return goes ? allowed() : mutate_request(request);
  }
  if (path == "/validate-kubedb-com-v1-mysql") {
    if (goes) co_return verdict_on_database(api::check_deletion(request.at("oldObject")));
    co_return co_await validate_database(std::move(request));
  }
  if (path == "/validate-ops-kubedb-com-v1alpha1-mysqlopsrequest") {
    if (goes) co_return allowed();
    co_return co_await validate_request(std::move(request));
  }
  throw BadReview("nobody answers at " + path);
}

asio::awaitable<Json> Reviewer::validate_database(Json request) {
  const Json& object = request.at("object");
  const bool created = text_field(request, "operation") == "CREATE";
  const bool ours = text_field(request, "userInfo.username") == options_.ops_manager;
  const Json before = created ? Json() : request.at("oldObject");
  if (is_going(object) || (ours && !created)) co_return allowed();
  Findings findings = created ? api::check_database(object) : new_findings(before, object);
  if (!created) api::append(findings, api::check_change(before, object, ours));
  std::string unasked;
  try {
    api::append(findings, co_await look_up(object, before));
  } catch (const ApiError& error) {
    unasked = "what the spec names could not be looked up: " + std::string(error.what());
  }
  Json verdict = verdict_on_database(findings);
  if (!unasked.empty()) verdict["warnings"].push_back(unasked);
  co_return verdict;
}

asio::awaitable<Findings> Reviewer::look_up(Json object, Json before) {
  Findings findings;
  const std::string version = text_field(object, "spec.version");
  if (version != text_field(before, "spec.version") && api::names_version(object)) {
    const Reply entry = co_await client_.get(kinds::mysql_version, {"", version});
    api::append(findings, api::check_version(object, entry.ok() ? entry.body : Json(), false));
  }
  const std::string storage = before.is_null() ? api::named_storage_class(object) : "";
  if (!storage.empty()) {
    const Reply found = co_await client_.get(kinds::storage_class, {"", storage});
    if (found.not_found()) findings.push_back(api::storage_class_not_found(object));
  }
  co_return findings;
}

asio::awaitable<Json> Reviewer::validate_request(Json request) {
  const Json& object = request.at("object");
  if (text_field(request, "operation") == "UPDATE") {
    if (is_going(object)) co_return allowed();
    co_return verdict_on_request(object,
                                 api::check_request_change(request.at("oldObject"), object));
  }
  Findings findings = api::check_request(object);
  // No name that is wrong becomes a request.
  if (!findings.empty()) co_return verdict_on_request(object, findings);
  const Reply mysql = co_await client_.get(
      kinds::mysql,
      {text_field(object, "metadata.namespace"), text_field(object, "spec.databaseRef.name")});
  if (!mysql.ok()) {
    co_return verdict_on_request(object, api::database_not_found(object));
  }
  if (api::is_horizontal_scaling(object)) {
    co_return verdict_on_request(object, check_topology(mysql.body));
  }
  if (!api::is_update(object)) co_return allowed();
  const std::string why = co_await blocked(object, mysql.body);
  if (!why.empty()) findings.push_back({"spec.updateVersion", why});
  co_return verdict_on_request(object, findings);
}

asio::awaitable<std::string> Reviewer::blocked(Json request, Json found) {
  const std::string current = text_field(found, "spec.version");
  const std::string target = api::target_version(request);
  std::string why = "upgrade from version " + current + " to " + target + " is not supported";
  mysql::Database database = topology_of(found);
  const Json::json_pointer strategy("/metadata/annotations/ratchet.dev~1strategy");
  database.set_asks_for_new_set(found.contains(strategy));
  for (const bool to : {false, true}) {
    const std::string& name = to ? target : current;
    const Reply entry = co_await client_.get(kinds::mysql_version, {"", name});
    if (!entry.ok()) {
      why += ": there is no MySQLVersion \"" + name;
      co_return why + "\" (kubectl get mysqlversions lists what there is)";
    }
    *(to ? database.mutable_target() : database.mutable_current()) =
        read_entry(entry.body, database.standalone());
  }
  const mysql::UpgradeRules rules = mysql::rules_for(database);
  if (rules.blockers().empty()) co_return "";
  const char* separator = ": ";
  for (const std::string& blocker : rules.blockers()) {
    why += separator + blocker;
    separator = "; ";
  }
  co_return why;
}

}  // namespace ratchet::k8s
