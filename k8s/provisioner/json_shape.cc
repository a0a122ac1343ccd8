#include "k8s/provisioner/json_shape.h"

#include <algorithm>
#include <utility>

namespace ratchet::k8s::provisioner {
namespace {

const Json& metadata(const Json& object) {
  static const Json none = Json::object();
  return object.contains("metadata") ? object.at("metadata") : none;
}

}  // namespace

bool covers(const Json& actual, const Json& wanted) {
  if (wanted.is_object()) {
    if (!actual.is_object()) return wanted.empty() && actual.is_null();
    return std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& item) {
      static const Json absent;
      return covers(actual.contains(item.key()) ? actual.at(item.key()) : absent, item.value());
    });
  }
  if (wanted.is_array()) {
    if (!actual.is_array()) return wanted.empty() && actual.is_null();
    return std::equal(actual.begin(), actual.end(), wanted.begin(), wanted.end(), covers);
  }
  return actual == wanted;
}

Json overlay(Json actual, const Json& wanted) {
  if (!actual.is_object() || !wanted.is_object()) return wanted;
  for (const auto& [name, value] : wanted.items()) {
    actual[name] = actual.contains(name) ? overlay(actual[name], value) : value;
  }
  return actual;
}

Json typed(const Resource& kind, Json element) {
  element["apiVersion"] = kind.api_version();
  element["kind"] = kind.kind;
  return element;
}

bool controlled_by(const Json& object, const std::string& uid) {
  for (const Json& owner : metadata(object).value("ownerReferences", Json::array())) {
    if (owner.value("controller", false)) return owner.value("uid", "") == uid;
  }
  return false;
}

bool has_finalizer(const Json& object, const std::string& name) {
  const Json finalizers = metadata(object).value("finalizers", Json::array());
  return std::find(finalizers.begin(), finalizers.end(), name) != finalizers.end();
}

std::string metadata_text(const Json& object, const char* field) {
  return metadata(object).value(field, "");
}

std::string annotation(const Json& object, const char* name) {
  return metadata(object).value("annotations", Json::object()).value(name, "");
}

}  // namespace ratchet::k8s::provisioner
