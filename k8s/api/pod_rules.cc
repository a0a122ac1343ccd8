#include "k8s/api/pod_rules.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "k8s/api/field.h"
#include "k8s/api/references.h"

namespace ratchet::k8s::api {
namespace {

constexpr std::array<std::string_view, 4> forbidden_env = {
    "MYSQL_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD",
    "MYSQL_ONETIME_PASSWORD"};
constexpr std::array<std::string_view, 8> reserved_volumes = {
    "tmp",        "data",          "init-scripts",        "initial-script",
    "tls-volume", "custom-config", "exporter-tls-volume", "source-ca"};
constexpr std::array<std::string_view, 7> reserved_mounts = {"/tmp",
                                                             "/var/lib/mysql",
                                                             "/scripts",
                                                             "/etc/mysql/certs",
                                                             "/etc/mysql/conf.d",
                                                             "/docker-entrypoint-initdb.d",
                                                             "/etc/mysql/server/certs"};

template <std::size_t size>
bool contains(const std::array<std::string_view, size>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Calls `check(element, its path)` for each object of a list that may be absent.
template <class Check>
void each(const Json& owner, const char* name, const std::string& path, Findings& findings,
          const Check& check) {
  const Json& list = field(owner, name);
  if (list.is_null()) return;
  const std::string here = path + "." + name;
  if (!list.is_array()) {
    findings.push_back({here, "the field has the wrong type: it is a list"});
    return;
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string place = here + "[" + std::to_string(i) + "]";
    if (list[i].is_object()) {
      check(list[i], place);
    } else {
      findings.push_back({place, "the field has the wrong type: it is an object"});
    }
  }
}

void check_named(const Json& element, const std::string& path, Findings& findings) {
  if (!text_field(element, "name").empty()) return;
  findings.push_back({path + ".name", "is missing: give it a name"});
}

// `owner` has fields of the container `mysql`.
void check_container(const Json& owner, const std::string& path, Findings& findings) {
  each(owner, "env", path, findings, [&](const Json& variable, const std::string& place) {
    check_named(variable, place, findings);
    const std::string name = text_field(variable, "name");
    if (!contains(forbidden_env, name)) return;
    findings.push_back({place, "environment variable " + name +
                                   " is forbidden to use in MySQL spec; the root password comes "
                                   "from the secret that spec.authSecret names"});
  });
  each(owner, "volumeMounts", path, findings, [&](const Json& mount, const std::string& place) {
    const std::string where = text_field(mount, "mountPath");
    if (where.empty()) {
      findings.push_back({place + ".mountPath", "is missing: say where the volume shows up"});
    }
    if (contains(reserved_mounts, where)) {
      findings.push_back(
          {place, "mount path " + where + " is reserved; mount your volume elsewhere"});
    }
  });
}

}  // namespace

Findings check_pod_template(const Json& mysql) {
  Findings findings;
  const std::string path = "spec.podTemplate.spec";
  const Json& pod = field(mysql, path);
  if (pod.is_null()) return findings;
  if (!pod.is_object()) {
    return {{path, "the field has the wrong type: it is an object"}};
  }
  check_name(mysql, path + ".serviceAccountName", findings);
  check_container(pod, path, findings);
  each(pod, "containers", path, findings, [&](const Json& container, const std::string& place) {
    check_named(container, place, findings);
    if (text_field(container, "name") == "mysql") check_container(container, place, findings);
  });
  each(pod, "volumes", path, findings, [&](const Json& volume, const std::string& place) {
    check_named(volume, place, findings);
    const std::string name = text_field(volume, "name");
    if (contains(reserved_volumes, name)) {
      findings.push_back({place, "volume name " + name + " is reserved; choose another"});
    }
  });
  return findings;
}

}  // namespace ratchet::k8s::api
