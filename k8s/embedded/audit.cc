#include "k8s/embedded/audit.h"

#include <utility>

#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

std::string uri_of(const Call& call) {
  std::string uri = call.group.empty() ? "/api/" : "/apis/" + call.group + "/";
  uri += call.version;
  if (!call.space.empty()) uri += "/namespaces/" + call.space;
  uri += "/" + call.plural;
  if (!call.name.empty()) uri += "/" + call.name;
  if (!call.subresource.empty()) uri += "/" + call.subresource;
  return uri;
}

Json reference(const Call& call, const Answer& answer) {
  Json result = {{"resource", call.plural}, {"apiVersion", call.version}};
  const std::string name = call.name.empty() ? text(answer.body, {"metadata", "name"}) : call.name;
  const std::string uid = text(answer.body, {"metadata", "uid"});
  if (!call.group.empty()) result["apiGroup"] = call.group;
  if (!call.space.empty()) result["namespace"] = call.space;
  if (!name.empty()) result["name"] = name;
  if (!uid.empty()) result["uid"] = uid;
  if (!call.subresource.empty()) result["subresource"] = call.subresource;
  return result;
}

}  // namespace

Json audit_event(const Call& call, const Answer& answer, Time when) {
  const bool secret = call.group.empty() && call.plural == "secrets";
  const bool bodies = is_write(call.verb) && !secret;
  Json status = {{"code", answer.code}};
  if (answer.code >= 400) {
    status["reason"] = text(answer.body, {"reason"});
    status["message"] = text(answer.body, {"message"});
  }
  Json event = {{"kind", "Event"},
                {"apiVersion", "audit.k8s.io/v1"},
                {"level", bodies ? "RequestResponse" : "Metadata"},
                {"stage", "ResponseComplete"},
                {"requestURI", uri_of(call)},
                {"verb", verb_name(call.verb)},
                {"user", {{"username", call.user}}},
                {"objectRef", reference(call, answer)},
                {"responseStatus", std::move(status)},
                {"requestReceivedTimestamp", micro_time_text(when)},
                {"stageTimestamp", micro_time_text(when)}};
  if (bodies) {
    event["requestObject"] = call.body;
    event["responseObject"] = answer.body;
  }
  return event;
}

}  // namespace ratchet::k8s::embedded
