#include "k8s/embedded/selectors.h"

#include <algorithm>
#include <set>
#include <utility>

#include "k8s/embedded/json_access.h"
#include "k8s/embedded/refusal.h"

namespace ratchet::k8s::embedded {
namespace {

using Test = Requirement::Test;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Splits at commas outside parentheses.
std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  for (const char letter : text) {
    depth += letter == '(' ? 1 : letter == ')' ? -1 : 0;
    if (letter == ',' && depth == 0) {
      parts.push_back(trimmed(std::exchange(part, "")));
    } else {
      part += letter;
    }
  }
  if (!trimmed(part).empty()) parts.push_back(trimmed(part));
  return parts;
}

void check_key(const std::string& key, const std::string& part) {
  const bool good = !key.empty() && key.find_first_of(" !=(),") == std::string::npos;
  if (!good) throw bad_request("unable to parse requirement: " + part);
}

Requirement parse_set(const std::string& part, std::size_t bracket) {
  std::string head = trimmed(part.substr(0, bracket));
  const auto space = head.find_last_of(" \t");
  if (space == std::string::npos || part.back() != ')') {
    throw bad_request("unable to parse requirement: " + part);
  }
  const std::string word = head.substr(space + 1);
  Requirement result{trimmed(head.substr(0, space)), Test::in,
                     parts_of(part.substr(bracket + 1, part.size() - bracket - 2))};
  if (word == "notin") {
    result.test = Test::not_in;
  } else if (word != "in") {
    throw bad_request("unable to parse requirement: " + part);
  }
  check_key(result.key, part);
  return result;
}

Requirement parse_requirement(const std::string& part) {
  if (const auto bracket = part.find('('); bracket != std::string::npos) {
    return parse_set(part, bracket);
  }
  Requirement result;
  const auto equals = part.find('=');
  if (equals == std::string::npos) {
    const bool absent = part.starts_with("!");
    result = {trimmed(absent ? part.substr(1) : part), absent ? Test::absent : Test::exists, {}};
  } else {
    const bool differs = equals > 0 && part[equals - 1] == '!';
    const bool twice = equals + 1 < part.size() && part[equals + 1] == '=';
    result = {trimmed(part.substr(0, differs ? equals - 1 : equals)),
              differs ? Test::differs : Test::equals,
              {trimmed(part.substr(equals + (twice ? 2 : 1)))}};
  }
  check_key(result.key, part);
  return result;
}

bool selectable(const Kind& kind, const std::string& field) {
  static const std::set<std::string> of_events = {"involvedObject.kind",
                                                  "involvedObject.namespace",
                                                  "involvedObject.name",
                                                  "involvedObject.uid",
                                                  "involvedObject.apiVersion",
                                                  "involvedObject.resourceVersion",
                                                  "involvedObject.fieldPath",
                                                  "reason",
                                                  "reportingComponent",
                                                  "source",
                                                  "type"};
  static const std::set<std::string> of_pods = {"spec.nodeName",      "spec.restartPolicy",
                                                "spec.schedulerName", "spec.serviceAccountName",
                                                "status.phase",       "status.podIP"};
  if (field == "metadata.name" || (field == "metadata.namespace" && kind.namespaced)) return true;
  if (kind.resource() == "events") return of_events.contains(field);
  if (kind.resource() == "pods") return of_pods.contains(field);
  if (kind.resource() == "secrets") return field == "type";
  return kind.resource() == "namespaces" && field == "status.phase";
}

const Json* value_at(const Json& object, const std::string& path) {
  const Json* at = &object;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const auto key = path.substr(begin, end - begin);
    if (!at->is_object() || !at->contains(key)) return nullptr;
    at = &(*at)[key];
    begin = end + 1;
  }
  return at;
}

bool satisfied(const Requirement& requirement, const std::string* value) {
  const bool listed =
      value != nullptr && std::find(requirement.values.begin(), requirement.values.end(), *value) !=
                              requirement.values.end();
  switch (requirement.test) {
    case Test::equals:
    case Test::in:
      return listed;
    case Test::differs:
    case Test::not_in:
      return !listed;
    case Test::exists:
      return value != nullptr;
    case Test::absent:
      return value == nullptr;
  }
  return false;
}

}  // namespace

Selector Selector::of_labels(const std::string& text) {
  Selector result;
  for (const std::string& part : parts_of(text)) {
    result.requirements_.push_back(parse_requirement(part));
  }
  return result;
}

Selector Selector::of_fields(const std::string& text, const Kind& kind) {
  Selector result = of_labels(text);
  result.fields_ = true;
  for (const Requirement& requirement : result.requirements_) {
    if (!selectable(kind, requirement.key)) {
      throw bad_request("field label not supported: " + requirement.key);
    }
  }
  return result;
}

Selector Selector::of_object(const Json& selector) {
  Selector result;
  const Json& labels = dig(selector, {"matchLabels"});
  for (const auto& [key, value] : labels.items()) {
    result.requirements_.push_back({key, Test::equals, {value.get<std::string>()}});
  }
  for (const Json& expression : dig(selector, {"matchExpressions"})) {
    const std::string name = text(expression, {"operator"});
    const Test test = name == "In"       ? Test::in
                      : name == "NotIn"  ? Test::not_in
                      : name == "Exists" ? Test::exists
                                         : Test::absent;
    result.requirements_.push_back(
        {text(expression, {"key"}), test, expression.value("values", std::vector<std::string>())});
  }
  result.nothing_ = result.requirements_.empty();
  return result;
}

bool Selector::matches(const Json& object) const {
  if (nothing_) return false;
  const Json& labels = dig(object, {"metadata", "labels"});
  return std::all_of(
      requirements_.begin(), requirements_.end(), [&](const Requirement& requirement) {
        const Json* found = nullptr;
        if (fields_) {
          found = value_at(object, requirement.key);
        } else if (labels.is_object() && labels.contains(requirement.key)) {
          found = &labels[requirement.key];
        }
        std::string value = found && found->is_string() ? found->get<std::string>() : "";
        // A field that is not set compares as the empty string; a label that is not set is absent.
        return satisfied(requirement, found || fields_ ? &value : nullptr);
      });
}

}  // namespace ratchet::k8s::embedded
