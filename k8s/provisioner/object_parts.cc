#include "k8s/provisioner/object_parts.h"

#include <utility>

#include "k8s/provisioner/objects.h"

namespace ratchet::k8s::provisioner {
namespace {

// A label of KubeDB's own domain says something about the MySQL, not about what it consists of.
bool is_private_label(const std::string& key) {
  const std::string domain = key.substr(0, key.find('/'));
  return key.find('/') != std::string::npos &&
         (domain == "kubedb.com" || domain.ends_with(".kubedb.com"));
}

Json offshoot_labels(const Database& database) {
  Json labels = Json::object();
  const Json own = database.object.at("metadata").value("labels", Json::object());
  for (const auto& [key, value] : own.items()) {
    if (!is_private_label(key)) labels[key] = value;
  }
  for (const auto& [key, value] : selector_labels(database.name)) labels[key] = value;
  labels["app.kubernetes.io/component"] = "database";
  return labels;
}

}  // namespace

Json object_of(const Database& database, const char* api_version, const char* kind,
               const std::string& name) {
  return {{"apiVersion", api_version},
          {"kind", kind},
          {"metadata",
           {{"name", name},
            {"namespace", database.space},
            {"labels", offshoot_labels(database)},
            {"ownerReferences", {owner_reference(database)}}}}};
}

Json service_port(const char* name) {
  return {{"name", name}, {"port", 3306}, {"protocol", "TCP"}, {"targetPort", "db"}};
}

void apply_service_template(const Database& database, const char* alias, Json& service) {
  for (const Json& wish : database.spec().value("serviceTemplates", Json::array())) {
    if (wish.value("alias", "") != alias) continue;
    const Json metadata = wish.value("metadata", Json::object());
    for (const char* field : {"labels", "annotations"}) {
      Json merged = metadata.value(field, Json::object());
      if (service["metadata"].contains(field)) merged.update(service["metadata"][field]);
      if (!merged.empty()) service["metadata"][field] = std::move(merged);
    }
    Json spec = wish.value("spec", Json::object());
    for (const Json& wanted : spec.value("ports", Json::array())) {
      if (wanted.value("port", 0) != 3306 || !wanted.contains("nodePort")) continue;
      service["spec"]["ports"][0]["nodePort"] = wanted["nodePort"];
    }
    spec.erase("ports");
    spec.erase("selector");
    service["spec"].update(spec);
  }
}

Json secret_variable(const std::string& secret, const char* name, const char* key) {
  return {{"name", name}, {"valueFrom", {{"secretKeyRef", {{"name", secret}, {"key", key}}}}}};
}

void append(Json& list, const Json& more) { list.insert(list.end(), more.begin(), more.end()); }

}  // namespace ratchet::k8s::provisioner
