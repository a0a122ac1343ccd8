#include "k8s/embedded/schema.h"

#include <regex>
#include <utility>

#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

std::string joined(const std::string& path, const std::string& field) {
  return path.empty() ? field : path + "." + field;
}

bool is_meta(const std::string& field) {
  return field == "apiVersion" || field == "kind" || field == "metadata";
}

// The schema of an object's field; null if the schema does not know it.
const Json& schema_of(const Json& schema, const std::string& field) {
  const Json& known = dig(schema, {"properties", field.c_str()});
  if (!known.is_null()) return known;
  const Json& others = dig(schema, {"additionalProperties"});
  static const Json nothing;
  return others.is_object() ? others : nothing;
}

bool keeps_unknown(const Json& schema) {
  return truth(schema, {"x-kubernetes-preserve-unknown-fields"}) ||
         truth(schema, {"additionalProperties"});
}

void prune_into(const Json& schema, Json& value, const std::string& path, bool resource,
                std::vector<std::string>& removed) {
  if (value.is_array()) {
    const Json& items = dig(schema, {"items"});
    for (std::size_t i = 0; i < value.size() && items.is_object(); ++i) {
      prune_into(items, value[i], path + "[" + std::to_string(i) + "]",
                 truth(items, {"x-kubernetes-embedded-resource"}), removed);
    }
    return;
  }
  if (!value.is_object()) return;
  const bool keep = keeps_unknown(schema);
  for (auto field = value.begin(); field != value.end();) {
    if (resource && is_meta(field.key())) {
      ++field;
      continue;
    }
    const Json& inner = schema_of(schema, field.key());
    if (inner.is_null() && !keep) {
      removed.push_back(joined(path, field.key()));
      field = value.erase(field);
      continue;
    }
    if (!inner.is_null()) {
      prune_into(inner, *field, joined(path, field.key()),
                 truth(inner, {"x-kubernetes-embedded-resource"}), removed);
    }
    ++field;
  }
}

std::string type_of(const Json& value) {
  if (value.is_boolean()) return "boolean";
  if (value.is_number_integer()) return "integer";
  if (value.is_number()) return "number";
  if (value.is_string()) return "string";
  if (value.is_array()) return "array";
  return value.is_null() ? "null" : "object";
}

bool type_fits(const Json& schema, const Json& value) {
  const std::string wanted = text(schema, {"type"});
  const std::string actual = type_of(value);
  if (truth(schema, {"x-kubernetes-int-or-string"})) {
    return actual == "integer" || actual == "string";
  }
  return wanted.empty() || wanted == actual || (wanted == "number" && actual == "integer") ||
         (actual == "null" && truth(schema, {"nullable"}));
}

void check(const Json& schema, const Json& value, const std::string& path,
           std::vector<Cause>& causes);

void check_object(const Json& schema, const Json& value, const std::string& path,
                  std::vector<Cause>& causes) {
  for (const Json& field : dig(schema, {"required"})) {
    const auto name = field.get<std::string>();
    if (!value.contains(name)) causes.push_back(required(joined(path, name)));
  }
  for (const auto& [field, inner] : value.items()) {
    if (path.empty() && is_meta(field)) continue;
    const Json& known = schema_of(schema, field);
    if (!known.is_null()) check(known, inner, joined(path, field), causes);
  }
}

void check_enum(const Json& schema, const Json& value, const std::string& path,
                std::vector<Cause>& causes) {
  const Json& allowed = dig(schema, {"enum"});
  if (!allowed.is_array()) return;
  std::string values;
  for (const Json& one : allowed) {
    if (one == value) return;
    values += (values.empty() ? "" : ", ") + one.dump();
  }
  causes.push_back({"FieldValueNotSupported", path,
                    "Unsupported value: " + value.dump() + ": supported values: " + values});
}

void check_bounds(const Json& schema, const Json& value, const std::string& path,
                  std::vector<Cause>& causes) {
  const auto refuse = [&](const std::string& why) {
    causes.push_back(invalid_value(path, value.dump(), path + " in body should " + why));
  };
  if (value.is_number()) {
    const Json& least = dig(schema, {"minimum"});
    const Json& most = dig(schema, {"maximum"});
    if (least.is_number() && value < least) {
      refuse("be greater than or equal to " + least.dump());
    }
    if (most.is_number() && value > most) refuse("be less than or equal to " + most.dump());
  }
  if (value.is_string()) {
    const std::string pattern = text(schema, {"pattern"});
    if (!pattern.empty() &&
        !std::regex_search(value.get_ref<const std::string&>(), std::regex(pattern))) {
      refuse("match '" + pattern + "'");
    }
    const auto size = static_cast<std::int64_t>(value.get_ref<const std::string&>().size());
    if (size < number(schema, {"minLength"})) {
      refuse("be at least " + std::to_string(number(schema, {"minLength"})) + " chars long");
    }
  }
  if (value.is_array() && static_cast<std::int64_t>(value.size()) < number(schema, {"minItems"})) {
    refuse("have at least " + std::to_string(number(schema, {"minItems"})) + " items");
  }
}

void check(const Json& schema, const Json& value, const std::string& path,
           std::vector<Cause>& causes) {
  if (!type_fits(schema, value)) {
    const std::string actual = "\"" + type_of(value) + "\"";
    causes.push_back({"FieldValueTypeInvalid", path,
                      "Invalid value: " + actual + ": " + path + " in body must be of type " +
                          text(schema, {"type"}) + ": " + actual});
    return;
  }
  check_enum(schema, value, path, causes);
  check_bounds(schema, value, path, causes);
  if (value.is_object()) check_object(schema, value, path, causes);
  if (value.is_array() && dig(schema, {"items"}).is_object()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      check(schema["items"], value[i], path + "[" + std::to_string(i) + "]", causes);
    }
  }
}

}  // namespace

std::vector<std::string> prune(const Json& schema, Json& object) {
  std::vector<std::string> removed;
  prune_into(schema, object, "", true, removed);
  return removed;
}

void fill_defaults(const Json& schema, Json& object) {
  if (object.is_array() && dig(schema, {"items"}).is_object()) {
    for (Json& element : object) fill_defaults(schema["items"], element);
  }
  if (!object.is_object()) return;
  for (const auto& [field, inner] : dig(schema, {"properties"}).items()) {
    if (!object.contains(field) && inner.contains("default")) object[field] = inner["default"];
    if (object.contains(field)) fill_defaults(inner, object[field]);
  }
  if (const Json& others = dig(schema, {"additionalProperties"}); others.is_object()) {
    for (auto& [field, value] : object.items()) {
      if (dig(schema, {"properties", field.c_str()}).is_null()) fill_defaults(others, value);
    }
  }
}

std::vector<Cause> violations(const Json& schema, const Json& object) {
  std::vector<Cause> causes;
  check(schema, object, "", causes);
  return causes;
}

}  // namespace ratchet::k8s::embedded
