#include "k8s/embedded/refusal.h"

#include <utility>

namespace ratchet::k8s::embedded {
namespace {

Json details_of(const std::string& group, const std::string& kind, const std::string& name) {
  Json details = {{"kind", kind}};
  if (!name.empty()) details["name"] = name;
  if (!group.empty()) details["group"] = group;
  return details;
}

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

}  // namespace

Json failure(int code, const std::string& reason, const std::string& message, Json details) {
  Json status = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
                 {"status", "Failure"}, {"message", message}, {"reason", reason},
                 {"code", code}};
  if (!details.is_null()) status["details"] = std::move(details);
  return status;
}

Refusal bad_request(const std::string& message) {
  return Refusal(failure(400, "BadRequest", message, nullptr));
}

Refusal not_found(const std::string& resource, const std::string& name) {
  const auto dot = resource.find('.');
  const std::string group = dot == std::string::npos ? "" : resource.substr(dot + 1);
  return Refusal(failure(404, "NotFound", resource + " " + quoted(name) + " not found",
                         details_of(group, resource.substr(0, dot), name)));
}

Refusal already_exists(const Kind& kind, const std::string& name) {
  return Refusal(failure(409, "AlreadyExists",
                         kind.resource() + " " + quoted(name) + " already exists",
                         details_of(kind.group, kind.plural, name)));
}

Refusal stale(const Kind& kind, const std::string& name) {
  return Refusal(failure(409, "Conflict",
                         "Operation cannot be fulfilled on " + kind.resource() + " " +
                             quoted(name) +
                             ": the object has been modified; please apply your changes to the "
                             "latest version and try again",
                         details_of(kind.group, kind.plural, name)));
}

Refusal precondition_failed(const Kind& kind, const std::string& name, const std::string& why) {
  return Refusal(failure(
      409, "Conflict",
      "Operation cannot be fulfilled on " + kind.qualified() + " " + quoted(name) + ": " + why,
      details_of(kind.group, kind.kind, name)));
}

Refusal forbidden(const Kind& kind, const std::string& name, const std::string& why) {
  return Refusal(failure(403, "Forbidden",
                         kind.resource() + " " + quoted(name) + " is forbidden: " + why,
                         details_of(kind.group, kind.plural, name)));
}

Refusal invalid(const Kind& kind, const std::string& name, const std::vector<Cause>& causes) {
  Json list = Json::array();
  std::string all;
  for (const Cause& cause : causes) {
    list.push_back({{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
    all += (all.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  }
  if (causes.size() > 1) all = "[" + all + "]";
  Json details = details_of(kind.group, kind.kind, name);
  details["causes"] = std::move(list);
  return Refusal(failure(422, "Invalid",
                         kind.qualified() + " " + quoted(name) + " is invalid: " + all,
                         std::move(details)));
}

Json expired(const std::string& message) { return failure(410, "Expired", message, nullptr); }

Cause required(const std::string& field, const std::string& detail) {
  return {"FieldValueRequired", field,
          detail.empty() ? "Required value" : "Required value: " + detail};
}

Cause invalid_value(const std::string& field, const std::string& value, const std::string& why) {
  return {"FieldValueInvalid", field, "Invalid value: " + value + ": " + why};
}

Cause forbidden_value(const std::string& field, const std::string& why) {
  return {"FieldValueForbidden", field, "Forbidden: " + why};
}

}  // namespace ratchet::k8s::embedded
