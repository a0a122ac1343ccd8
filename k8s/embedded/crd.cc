#include "k8s/embedded/crd.h"

#include <utility>

#include "k8s/embedded/json_access.h"
#include "k8s/embedded/refusal.h"

namespace ratchet::k8s::embedded {
namespace {

std::vector<std::string> strings(const Json& list) {
  return list.is_array() ? list.get<std::vector<std::string>>() : std::vector<std::string>();
}

std::vector<Column> columns_of(const Json& version) {
  std::vector<Column> columns;
  for (const Json& column : dig(version, {"additionalPrinterColumns"})) {
    columns.push_back({text(column, {"name"}), text(column, {"type"}), text(column, {"jsonPath"}),
                       static_cast<int>(number(column, {"priority"}))});
  }
  return columns;
}

std::vector<Cause> problems(const Json& definition) {
  std::vector<Cause> causes;
  const Json& spec = dig(definition, {"spec"});
  for (const char* field : {"group", "scope"}) {
    if (text(spec, {field}).empty()) causes.push_back(required(std::string("spec.") + field));
  }
  for (const char* field : {"plural", "kind"}) {
    if (text(spec, {"names", field}).empty()) {
      causes.push_back(required(std::string("spec.names.") + field));
    }
  }
  const std::string name = text(spec, {"names", "plural"}) + "." + text(spec, {"group"});
  if (causes.empty() && text(definition, {"metadata", "name"}) != name) {
    causes.push_back(invalid_value("metadata.name", dig(definition, {"metadata", "name"}).dump(),
                                   "must be spec.names.plural+\".\"+spec.group"));
  }
  std::size_t stored = 0;
  for (const Json& version : dig(spec, {"versions"})) {
    stored += truth(version, {"storage"}) ? 1 : 0;
    if (!dig(version, {"schema", "openAPIV3Schema"}).is_object()) {
      causes.push_back(
          required("spec.versions[" + text(version, {"name"}) + "].schema.openAPIV3Schema",
                   "schemas are required"));
    }
  }
  if (stored != 1) {
    causes.push_back(invalid_value("spec.versions", std::to_string(stored),
                                   "must have exactly one version marked as storage version"));
  }
  return causes;
}

void add_version(Kind& kind, const Json& version) {
  const std::string name = text(version, {"name"});
  if (truth(version, {"storage"})) kind.storage_version = name;
  if (!truth(version, {"served"})) return;
  // The storage version first: it is the one that kubectl prefers when all are of one age.
  kind.versions.insert(truth(version, {"storage"}) ? kind.versions.begin() : kind.versions.end(),
                       name);
  kind.columns[name] = columns_of(version);
  kind.schemas[name] = dig(version, {"schema", "openAPIV3Schema"});
  kind.has_status = kind.has_status || dig(version, {"subresources"}).contains("status");
}

}  // namespace

Kind kind_of_definition(const Kind& definitions, const Json& definition) {
  const auto causes = problems(definition);
  if (!causes.empty()) {
    throw invalid(definitions, text(definition, {"metadata", "name"}), causes);
  }
  const Json& spec = definition["spec"];
  Kind kind;
  kind.group = text(spec, {"group"});
  kind.plural = text(spec, {"names", "plural"});
  kind.singular = text(spec, {"names", "singular"});
  kind.kind = text(spec, {"names", "kind"});
  kind.short_names = strings(dig(spec, {"names", "shortNames"}));
  kind.categories = strings(dig(spec, {"names", "categories"}));
  kind.namespaced = text(spec, {"scope"}) == "Namespaced";
  kind.has_generation = true;
  kind.custom = true;
  for (const Json& version : spec["versions"]) add_version(kind, version);
  return kind;
}

void fill_definition_defaults(Json& definition) {
  if (!dig(definition, {"spec", "names"}).is_object()) return;
  Json& names = definition["spec"]["names"];
  const std::string kind = text(names, {"kind"});
  std::string singular = kind;
  for (char& letter : singular) letter = static_cast<char>(std::tolower(letter));
  set_default(names, "singular", singular);
  set_default(names, "listKind", kind + "List");
  set_default(definition["spec"], "conversion", {{"strategy", "None"}});
}

Json established_status(const Json& definition, Time now) {
  const auto condition = [&](const char* type, const char* reason, const char* message) {
    return Json{{"type", type},
                {"status", "True"},
                {"reason", reason},
                {"message", message},
                {"lastTransitionTime", time_text(now)}};
  };
  Json stored = Json::array();
  for (const Json& version : definition["spec"]["versions"]) {
    if (truth(version, {"storage"})) stored.push_back(version["name"]);
  }
  return {
      {"acceptedNames", definition["spec"]["names"]},
      {"storedVersions", std::move(stored)},
      {"conditions",
       {condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted")}}};
}

}  // namespace ratchet::k8s::embedded
