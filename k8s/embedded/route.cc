#include "k8s/embedded/route.h"

#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include <boost/url.hpp>

#include "k8s/embedded/protobuf_body.h"
#include "k8s/embedded/refusal.h"

namespace ratchet::k8s::embedded {
namespace {

using Query = std::map<std::string, std::string>;

std::string header(const http::Request& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

bool is_set(const Query& query, const std::string& name) {
  const auto found = query.find(name);
  return found != query.end() && (found->second == "true" || found->second == "1");
}

std::string value_of(const Query& query, const std::string& name) {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

std::optional<std::int64_t> number_of(const Query& query, const std::string& name) {
  const std::string text = value_of(query, name);
  if (text.empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || number < 0) {
    throw bad_request(name + " is not a number: " + text);
  }
  return number;
}

// /api/v1/… or /apis/GROUP/VERSION/…, with or without /namespaces/NAMESPACE.
std::optional<Call> object_path(std::vector<std::string> at) {
  Call call;
  if (at.size() >= 3 && at[0] == "api") {
    call.version = at[1];
    at.erase(at.begin(), at.begin() + 2);
  } else if (at.size() >= 4 && at[0] == "apis") {
    call.group = at[1];
    call.version = at[2];
    at.erase(at.begin(), at.begin() + 3);
  } else {
    return std::nullopt;
  }
  const bool in_namespace =
      at.size() >= 3 && at[0] == "namespaces" && at[2] != "status" && at[2] != "finalize";
  if (in_namespace) {
    call.space = at[1];
    at.erase(at.begin(), at.begin() + 2);
  }
  if (at.size() > 3) return std::nullopt;
  at.resize(3);
  call.plural = at[0];
  call.name = at[1];
  call.subresource = at[2];
  return call;
}

Verb verb_of(const std::string& method, const Call& call, const Query& query) {
  if (method == "GET" && is_set(query, "watch")) return Verb::watch;
  if (method == "GET") return call.name.empty() ? Verb::list : Verb::get;
  if (method == "POST" && call.name.empty()) return Verb::create;
  if (method == "PUT" && !call.name.empty()) return Verb::update;
  if (method == "PATCH" && !call.name.empty()) return Verb::patch;
  if (method == "DELETE") return call.name.empty() ? Verb::remove_all : Verb::remove;
  throw Refusal(failure(405, "MethodNotAllowed",
                        "the server does not allow this method on the requested resource",
                        Json::object()));
}

PatchType patch_type(const std::string& content_type) {
  const std::string type = content_type.substr(0, content_type.find(';'));
  if (type == "application/merge-patch+json") return PatchType::merge;
  if (type == "application/json-patch+json") return PatchType::json;
  if (type == "application/strategic-merge-patch+json") return PatchType::strategic;
  throw Refusal(failure(415, "UnsupportedMediaType",
                        "the body of the request was in an unknown format - accepted media types "
                        "include: application/json-patch+json, application/merge-patch+json, "
                        "application/strategic-merge-patch+json",
                        nullptr));
}

Json parse_body(const http::Request& request) {
  if (request.body.empty()) return nullptr;
  if (header(request, "content-type").starts_with(protobuf_type)) {
    if (auto object = parse_protobuf(request.body)) return std::move(*object);
    throw Refusal(failure(415, "UnsupportedMediaType",
                          "the embedded API server takes objects of this kind as JSON only",
                          nullptr));
  }
  Json body = Json::parse(request.body, nullptr, false);
  if (body.is_discarded()) {
    throw bad_request("the body of the request (" + header(request, "content-type") +
                      ") is no JSON document");
  }
  return body;
}

void add_delete_options(const Query& query, Json& body) {
  if (!body.is_object()) body = Json::object();
  const std::string policy = value_of(query, "propagationPolicy");
  if (!policy.empty()) body["propagationPolicy"] = policy;
  if (const auto grace = number_of(query, "gracePeriodSeconds")) {
    body["gracePeriodSeconds"] = *grace;
  }
}

void add_options(const Query& query, Call& call) {
  call.label_selector = value_of(query, "labelSelector");
  call.field_selector = value_of(query, "fieldSelector");
  call.resource_version = value_of(query, "resourceVersion");
  call.resume = value_of(query, "continue");
  call.limit = static_cast<std::size_t>(number_of(query, "limit").value_or(0));
  call.bookmarks = is_set(query, "allowWatchBookmarks");
  call.strict = value_of(query, "fieldValidation") == "Strict";
  call.dry_run = value_of(query, "dryRun") == "All" ||
                 (call.verb == Verb::remove && call.body.is_object() &&
                  call.body.value("dryRun", Json::array()) == Json::array({"All"}));
}

void check_streaming_list(const Query& query) {
  if (!is_set(query, "sendInitialEvents")) return;
  throw Refusal(failure(422, "Invalid",
                        "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: "
                        "sendInitialEvents is forbidden for watch unless the WatchList feature "
                        "gate is enabled",
                        nullptr));
}

}  // namespace

Route route_of(const http::Request& request) {
  const auto url = boost::urls::parse_origin_form(request.target);
  if (!url) throw bad_request("the request target cannot be read: " + request.target);
  Route route;
  std::vector<std::string> segments;
  for (const auto& segment : url->segments()) segments.emplace_back(segment);
  if (!segments.empty() && segments.back().empty()) segments.pop_back();
  for (const std::string& segment : segments) route.path += "/" + segment;
  Query query;
  for (const auto& parameter : url->params()) query[parameter.key] = parameter.value;

  route.call = object_path(std::move(segments));
  if (!route.call) return route;
  Call& call = *route.call;
  call.verb = verb_of(request.method, call, query);
  if (call.verb == Verb::patch) call.patch_type = patch_type(header(request, "content-type"));
  if (is_write(call.verb)) call.body = parse_body(request);
  if (call.verb == Verb::remove || call.verb == Verb::remove_all) {
    add_delete_options(query, call.body);
  }
  add_options(query, call);
  if (call.verb == Verb::watch) check_streaming_list(query);
  route.table = header(request, "accept").find("as=Table") != std::string::npos;
  route.whole_rows = value_of(query, "includeObject") == "Object";
  route.timeout_seconds = number_of(query, "timeoutSeconds");
  return route;
}

}  // namespace ratchet::k8s::embedded
