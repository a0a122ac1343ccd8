#include "k8s/adapters/catalogue.h"

#include "k8s/api/field.h"

namespace ratchet::k8s {
namespace {

template <class Add>
void each_text(const Json& object, const std::string& path, const Add& add) {
  const Json& list = api::field(object, path);
  if (!list.is_array()) return;
  for (const Json& text : list) {
    if (text.is_string()) add(text.get<std::string>());
  }
}

}  // namespace

mysql::CatalogueVersion read_entry(const Json& mysql_version, bool standalone) {
  const std::string topology = standalone ? "standalone" : "groupReplication";
  mysql::CatalogueVersion entry;
  entry.set_name(api::text_field(mysql_version, "metadata.name"));
  entry.set_version(api::text_field(mysql_version, "spec.version"));
  entry.set_image(api::text_field(mysql_version, "spec.db.image"));
  entry.set_deprecated(api::is_true(mysql_version, "spec.deprecated"));
  const std::string allowed = ".allowlist." + topology;
  const std::string denied = ".denylist." + topology;
  for (const std::string spelling : {"spec.updateConstraints", "spec.upgradeConstraints"}) {
    each_text(mysql_version, spelling + allowed,
              [&](const std::string& text) { entry.add_allowed(text); });
    each_text(mysql_version, spelling + denied,
              [&](const std::string& text) { entry.add_denied(text); });
  }
  return entry;
}

}  // namespace ratchet::k8s
