#include "k8s/api/references.h"

#include "k8s/api/field.h"

namespace ratchet::k8s::api {
namespace {

// Below the API server's own limit for nested JSON nothing is deeper than this.
constexpr int deepest = 64;

void look(const Json& here, const std::string& path, const std::string& space, int depth,
          Findings& findings) {
  if (depth > deepest) return;
  if (here.is_array()) {
    for (std::size_t i = 0; i < here.size(); ++i) {
      look(here[i], path + "[" + std::to_string(i) + "]", space, depth + 1, findings);
    }
    return;
  }
  if (!here.is_object()) return;
  const std::string other = text_field(here, "namespace");
  if (here.contains("name") && !other.empty() && other != space) {
    findings.push_back({path + ".namespace",
                        "\"" + other + "\" is another namespace than the object's own, \"" + space +
                            "\"; nothing is read from there: bring " + text_field(here, "name") +
                            " into this namespace and leave the field out",
                        foreign_reference});
  }
  const std::string inside = path + ".";
  for (const auto& [name, inner] : here.items()) {
    if (name != "metadata") look(inner, inside + name, space, depth + 1, findings);
  }
}

}  // namespace

Findings check_namespaces(const Json& object) {
  Findings findings;
  look(field(object, "spec"), "spec", text_field(object, "metadata.namespace"), 0, findings);
  return findings;
}

void check_name(const Json& object, const std::string& path, Findings& findings) {
  const Json& given = field(object, path);
  if (!given.is_string() || given.get_ref<const std::string&>().empty()) return;
  const auto& name = given.get_ref<const std::string&>();
  if (is_object_name(name)) return;
  findings.push_back({path,
                      "\"" + name +
                          "\" is no name of an object: small letters, digits, '-' and '.', at most "
                          "253, as in \"my-secret\"; it can not lead into another namespace",
                      name.find('/') == std::string::npos ? "MalformedSpec" : foreign_reference});
}

}  // namespace ratchet::k8s::api
