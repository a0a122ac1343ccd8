#include "tools/ratchetd/api_routes.h"

#include <algorithm>
#include <cstring>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "engine/core/values.h"
#include "tools/ratchetd/api_acts.h"
#include "tools/ratchetd/api_reads.h"

namespace ratchet::ratchetd {

namespace {

constexpr std::size_t most_segment_bytes = 256;

const std::vector<Route> table{
    {"GET", "/healthz", "isAlive", "", Probe::alive},
    {"GET", "/readyz", "isReady", "", Probe::ready},
    {"GET", "/metrics", "readMetrics", "get", Probe::metrics},
    {"GET", "/v1/runs", "listRuns", "list", Read{list_runs}},
    {"GET", "/v1/runs/{run}", "showRun", "get", Read{show_run}},
    {"GET", "/v1/events", "watchEvents", "watch", Stream::events},
    {"GET", "/v1/runs/{run}/history", "showHistory", "get", Read{show_history}},
    {"GET", "/v1/runs/{run}/query/{name}", "query", "get", Ask{show_exposed}},
    {"POST", "/v1/runs/{run}/approve", "approve", "approve", act_approve()},
    {"POST", "/v1/runs/{run}/deny", "deny", "deny", act_deny()},
    {"POST", "/v1/runs/{run}/signal", "signal", "signal", act_signal()},
    {"POST", "/v1/runs/{run}/pause", "pause", "pause", act_pause()},
    {"POST", "/v1/runs/{run}/resume", "resume", "resume", act_resume()},
    {"POST", "/v1/runs/{run}/release", "release", "release", act_release()},
    {"POST", "/v1/runs/{run}/cancel", "cancel", "cancel", act_cancel()},
    {"POST", "/v1/runs/{run}/terminate", "terminate", "terminate", act_terminate()},
    {"POST", "/v1/runs/{run}/retry", "retry", "retry", act_retry()},
    {"POST", "/v1/runs/{run}/skip", "skip", "skip", act_skip()},
    {"POST", "/v1/runs/{run}/fail", "fail", "fail", act_fail()},
    {"POST", "/v1/runs/{run}/reset", "reset", "reset", act_reset()},
    {"POST", "/v1/runs/{run}/note", "note", "note", act_note()},
};

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> segments;
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    segments.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

// Takes {run} and {name} out of the path; false if it is another one.
bool fits(const Route& route, const std::vector<std::string>& path, Call& call) {
  const std::vector<std::string> pattern = split(route.path);
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool open = pattern[i].starts_with("{");
    if (!open && pattern[i] != path[i]) return false;
    if (pattern[i] == "{run}") call.run = path[i];
    if (pattern[i] == "{name}") call.name = path[i];
  }
  return true;
}

void expect(const Json& body, const Field& field) {
  const std::string name = field.name;
  if (!body.contains(name)) {
    if (field.required) throw BadRequest("the field " + name + " is missing");
    return;
  }
  const Json& value = body[name];
  if (field.type == Field::Type::text && !value.is_string()) {
    throw BadRequest("the field " + name + " must be a string");
  }
  if (field.type == Field::Type::number && !value.is_number_unsigned()) {
    throw BadRequest("the field " + name + " must be a whole number");
  }
}

// What nests deeper walks its readers off the stack.
constexpr int deepest = 100;

Json parse_json(const std::string& body) {
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > deepest;
    return !too_deep;
  };
  Json parsed = Json::parse(body, watch, false);
  if (too_deep) throw BadRequest("the body is nested too deeply");
  if (parsed.is_discarded() || !parsed.is_object()) throw BadRequest("the body is no JSON object");
  return parsed;
}

}  // namespace

std::span<const Route> routes() { return table; }

Match match(const std::string& method, const std::string& target) {
  const auto url = boost::urls::parse_origin_form(target);
  if (!url) throw BadRequest("the request's target is no path");
  Match found;
  std::vector<std::string> path;
  for (const auto& segment : url->segments()) path.emplace_back(segment);
  for (const auto& segment : path) {
    if (segment.empty() || segment.size() > most_segment_bytes) return found;
  }
  for (const auto& parameter : url->params()) {
    found.call.options[std::string(parameter.key)] = std::string(parameter.value);
  }
  for (const Route& route : table) {
    if (!fits(route, path, found.call)) continue;
    if (route.method == method) {
      found.route = &route;
      return found;
    }
    found.others += (found.others.empty() ? "" : ", ") + std::string(route.method);
  }
  return found;
}

Json parse_body(const Act& act, const std::string& body) {
  Json parsed = parse_json(body);
  static const Field reason{"reason"};
  expect(parsed, reason);
  const std::size_t bytes = parsed["reason"].get_ref<const std::string&>().size();
  if (bytes == 0 || bytes > engine::most_reason_bytes) {
    throw BadRequest("the reason has 1 to 4096 bytes: it is recorded with the act");
  }
  for (const Field& field : act.fields) expect(parsed, field);
  for (const auto& item : parsed.items()) {
    const bool known =
        item.key() == reason.name ||
        std::ranges::any_of(act.fields, [&](const Field& one) { return item.key() == one.name; });
    if (!known) throw BadRequest("there is no field " + item.key() + " here");
  }
  return parsed;
}

}  // namespace ratchet::ratchetd
