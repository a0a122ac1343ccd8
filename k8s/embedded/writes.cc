// Creating and changing objects.
#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "k8s/embedded/api_server.h"
#include "k8s/embedded/crd.h"
#include "k8s/embedded/defaults.h"
#include "k8s/embedded/json_access.h"
#include "k8s/embedded/refusal.h"
#include "k8s/embedded/schema.h"

namespace ratchet::k8s::embedded {
namespace {

// What the server itself sets and a client cannot change.
constexpr std::array system_fields = {"uid", "creationTimestamp", "generation", "deletionTimestamp",
                                      "deletionGracePeriodSeconds"};

bool subdomain(const std::string& name) {
  const auto good = [](char letter) {
    return std::islower(static_cast<unsigned char>(letter)) ||
           std::isdigit(static_cast<unsigned char>(letter));
  };
  return !name.empty() && name.size() <= 253 && good(name.front()) && good(name.back()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char letter) { return good(letter) || letter == '-' || letter == '.'; });
}

void check_name(const Kind& kind, const std::string& name) {
  if (name.empty()) {
    throw invalid(kind, name, {required("metadata.name", "name or generateName is required")});
  }
  // Roles and bindings may have any name that fits in a path.
  if (kind.group == "rbac.authorization.k8s.io" && name.find('/') == std::string::npos) return;
  if (subdomain(name)) return;
  throw invalid(
      kind, name,
      {invalid_value("metadata.name", Json(name).dump(),
                     "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                     "characters, '-' or '.', and must start and end with an alphanumeric "
                     "character (e.g. 'example.com', regex used for validation is "
                     "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")});
}

void check_stateful_set(const Kind& kind, const Json& set) {
  const Json& labels = dig(set, {"spec", "template", "metadata", "labels"});
  const Json matched = {{"metadata", {{"labels", labels}}}};
  if (Selector::of_object(dig(set, {"spec", "selector"})).matches(matched)) return;
  throw invalid(kind, text(set, {"metadata", "name"}),
                {invalid_value("spec.template.metadata.labels", labels.dump(),
                               "`selector` does not match template `labels`")});
}

// What counts for metadata.generation.
Json counted(const Kind& kind, Json object) {
  object.erase("metadata");
  object.erase("apiVersion");
  if (kind.has_status) object.erase("status");
  return object;
}

void check_finalizers(const Kind& kind, const Json& old, const Json& object) {
  if (!old["metadata"].contains("deletionTimestamp")) return;
  const Json& before = dig(old, {"metadata", "finalizers"});
  std::string added;
  for (const Json& finalizer : dig(object, {"metadata", "finalizers"})) {
    if (std::find(before.begin(), before.end(), finalizer) == before.end()) {
      added += (added.empty() ? "" : ", ") + finalizer.dump();
    }
  }
  if (added.empty()) return;
  throw invalid(kind, old["metadata"]["name"],
                {forbidden_value("metadata.finalizers",
                                 "no new finalizers can be added if the object is being deleted, "
                                 "found new finalizers []string{" +
                                     added + "}")});
}

// Empty lists and maps of metadata are not stored.
void tidy(Json& metadata) {
  metadata.erase("managedFields");
  metadata.erase("selfLink");
  for (const char* field : {"finalizers", "ownerReferences", "labels", "annotations"}) {
    if (metadata.contains(field) && metadata[field].empty()) metadata.erase(field);
  }
}

}  // namespace

void ApiServer::check_body(const Call& call, const Kind& kind, const Json& object) const {
  const std::string expected = kind.api_version(call.version);
  if (!object.is_object()) {
    throw bad_request("the object provided is unrecognized (must be of type " + kind.kind +
                      "): it is not a JSON object");
  }
  for (const char* part : {"metadata", "spec", "status"}) {
    if (object.contains(part) && !object[part].is_object() && !object[part].is_null()) {
      throw bad_request(kind.kind + " in version \"" + call.version + "\" cannot be handled as a " +
                        kind.kind + ": " + part + " is no object");
    }
  }
  const std::string version = object.value("apiVersion", kind.custom ? "" : expected);
  const std::string name = object.value("kind", kind.custom ? "" : kind.kind);
  if (version.empty() || name.empty()) {
    throw bad_request("Object 'Kind' or 'apiVersion' is missing in the body of " + kind.kind);
  }
  if (version != expected) {
    throw bad_request("the API version in the data (" + version +
                      ") does not match the expected API version (" + expected + ")");
  }
  if (name != kind.kind) {
    throw invalid(kind, text(object, {"metadata", "name"}),
                  {invalid_value("kind", Json(name).dump(), "must be " + kind.kind)});
  }
  const std::string space = text(object, {"metadata", "namespace"});
  if (!space.empty() && space != (kind.namespaced ? call.space : "")) {
    throw bad_request(
        "the namespace of the provided object does not match the namespace sent on the request");
  }
}

void ApiServer::check_namespace(const Call& call, const Kind& kind) const {
  if (!kind.namespaced) return;
  const Object space = store_.find({"namespaces", "", call.space});
  if (!space) throw not_found("namespaces", call.space);
  if (text(*space, {"status", "phase"}) == "Terminating") {
    throw forbidden(kind, text(call.body, {"metadata", "name"}),
                    "unable to create new content in namespace " + call.space +
                        " because it is being terminated");
  }
}

void ApiServer::name_new(const Kind& kind, Json& metadata) {
  if (text(metadata, {"name"}).empty() && !text(metadata, {"generateName"}).empty()) {
    metadata["name"] = text(metadata, {"generateName"}) + new_suffix();
  }
  check_name(kind, text(metadata, {"name"}));
}

// Brings the object into the form that is stored: known fields, defaults, valid.
void ApiServer::conform(const Call& call, const Kind& kind, Json& object) const {
  object["apiVersion"] = kind.api_version(kind.storage_version);
  object["kind"] = kind.kind;
  if (!kind.custom) {
    fill_builtin_defaults(kind, object);
    if (kind.resource() == "statefulsets.apps") check_stateful_set(kind, object);
    return;
  }
  const Json& schema = kind.schemas.at(call.version);
  const auto removed = prune(schema, object);
  if (call.strict && !removed.empty()) {
    std::string fields;
    for (const std::string& field : removed) {
      fields += (fields.empty() ? "" : ", ") + ("unknown field \"" + field + "\"");
    }
    throw bad_request(kind.kind + " in version \"" + call.version + "\" cannot be handled as a " +
                      kind.kind + ": strict decoding error: " + fields);
  }
  fill_defaults(schema, object);
  const auto causes = violations(schema, object);
  if (!causes.empty()) throw invalid(kind, text(object, {"metadata", "name"}), causes);
}

std::string ApiServer::next_cluster_ip() {
  ++last_service_;
  return "10.96." + std::to_string(last_service_ / 250 % 250) + "." +
         std::to_string(last_service_ % 250 + 1);
}

// What a new object of certain kinds brings about.
void ApiServer::place(const Kind& kind, Json& object) {
  const std::string resource = kind.resource();
  if (resource == "services" && text(object, {"spec", "clusterIP"}).empty() &&
      text(object, {"spec", "type"}) != "ExternalName") {
    object["spec"]["clusterIP"] = next_cluster_ip();
    object["spec"]["clusterIPs"] = {object["spec"]["clusterIP"]};
  }
  if (resource == crd_resource) {
    fill_definition_defaults(object);
    kinds_.put(kind_of_definition(kind, object));
    object["status"] = established_status(object, now());
    object["metadata"]["finalizers"] = {crd_finalizer};
  }
}

Answer ApiServer::create(const Call& call) {
  Target target = target_of(call);
  const Kind& kind = *target.kind;
  Json object = call.body;
  check_body(call, kind, object);
  set_default(object, "metadata", Json::object());
  Json& metadata = object["metadata"];
  if (!text(metadata, {"resourceVersion"}).empty()) {
    throw Refusal(
        failure(500, "", "resourceVersion should not be set on objects to be created", nullptr));
  }
  check_namespace(call, kind);
  name_new(kind, metadata);
  for (const char* field : system_fields) metadata.erase(field);
  if (kind.namespaced) metadata["namespace"] = call.space;
  metadata["uid"] = new_uid();
  metadata["creationTimestamp"] = time_text(now());
  if (kind.has_generation) metadata["generation"] = 1;
  if (kind.has_status) object.erase("status");
  if (Json status = initial_status(kind); !status.is_null()) object["status"] = std::move(status);
  conform(call, kind, object);
  tidy(metadata);
  target.id.name = metadata["name"];
  if (store_.find(target.id)) throw already_exists(kind, target.id.name);
  if (call.dry_run) return {201, in_version(kind, call.version, object)};
  place(kind, object);
  return {201, in_version(kind, call.version, *store_.put(target.id, std::move(object)))};
}

Answer ApiServer::update(const Call& call) {
  const Target target = target_of(call);
  const Kind& kind = *target.kind;
  check_body(call, kind, call.body);
  const std::string name = text(call.body, {"metadata", "name"});
  if (name != call.name) {
    throw bad_request("the name of the object (" + name + ") does not match the name on the URL (" +
                      call.name + ")");
  }
  const Object old = existing(target);
  const bool unconditional = text(call.body, {"metadata", "resourceVersion"}).empty();
  if (unconditional && (kind.custom || kind.group == "coordination.k8s.io")) {
    throw invalid(
        kind, name,
        {invalid_value("metadata.resourceVersion", "0x0", "must be specified for an update")});
  }
  const std::string uid = text(call.body, {"metadata", "uid"});
  if (!uid.empty() && uid != text(*old, {"metadata", "uid"})) {
    throw precondition_failed(kind, name,
                              "Precondition failed: UID in precondition: " + uid +
                                  ", UID in object meta: " + text(*old, {"metadata", "uid"}));
  }
  return replace(call, target, *old, call.body);
}

Answer ApiServer::patch(const Call& call) {
  const Target target = target_of(call);
  const Object old = existing(target);
  const Json shown = in_version(*target.kind, call.version, *old);
  Json object = patched(*target.kind, call.patch_type, shown, call.body);
  check_body(call, *target.kind, object);
  if (text(object, {"metadata", "name"}) != call.name) {
    throw bad_request("the name of the object (" + text(object, {"metadata", "name"}) +
                      ") does not match the name on the URL (" + call.name + ")");
  }
  const std::string uid = text(object, {"metadata", "uid"});
  if (!uid.empty() && uid != text(*old, {"metadata", "uid"})) {
    throw invalid(*target.kind, call.name,
                  {invalid_value("metadata.uid", Json(uid).dump(), "field is immutable")});
  }
  return replace(call, target, *old, std::move(object));
}

// Decides which parts of `object` count for this endpoint.
Answer ApiServer::replace(const Call& call, const Target& target, const Json& old, Json object) {
  const Kind& kind = *target.kind;
  const std::string version = text(object, {"metadata", "resourceVersion"});
  if (!version.empty() && version != text(old, {"metadata", "resourceVersion"})) {
    throw stale(kind, call.name);
  }
  if (!call.subresource.empty()) {
    const char* part = call.subresource == "status" ? "status" : "spec";
    Json changed = old;
    if (object.contains(part)) {
      changed[part] = std::move(object[part]);
    } else {
      changed.erase(part);
    }
    return commit(call, target, old, std::move(changed));
  }
  if (kind.has_status) {
    object.erase("status");
    if (old.contains("status")) object["status"] = old["status"];
  }
  Json& metadata = object["metadata"];
  for (const char* field : system_fields) {
    metadata.erase(field);
    if (old["metadata"].contains(field)) metadata[field] = old["metadata"][field];
  }
  if (kind.namespaced) metadata["namespace"] = call.space;
  if (kind.resource() == "services") {  // allocated once; a client need not send it back
    for (const char* field : {"clusterIP", "clusterIPs"}) {
      if (old["spec"].contains(field)) set_default(object["spec"], field, old["spec"][field]);
    }
  }
  tidy(metadata);
  return commit(call, target, old, std::move(object));
}

Answer ApiServer::commit(const Call& call, const Target& target, const Json& old, Json object) {
  const Kind& kind = *target.kind;
  object["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"];
  conform(call, kind, object);
  check_finalizers(kind, old, object);
  const auto causes = forbidden_changes(kind, old, object);
  if (!causes.empty()) throw invalid(kind, call.name, causes);
  if (kind.has_generation && counted(kind, old) != counted(kind, object)) {
    object["metadata"]["generation"] = number(old, {"metadata", "generation"}) + 1;
  }
  if (object == old || call.dry_run) return {200, in_version(kind, call.version, object)};
  if (kind.resource() == crd_resource && call.subresource.empty()) {
    fill_definition_defaults(object);
    kinds_.put(kind_of_definition(kind, object));
    object["status"] = established_status(object, now());
  }
  if (removable(object)) {
    Json answer = in_version(kind, call.version, object);
    store_.erase(target.id, std::move(object));
    dropped(target);
    return {200, std::move(answer)};
  }
  return {200, in_version(kind, call.version, *store_.put(target.id, std::move(object)))};
}

}  // namespace ratchet::k8s::embedded
