#include "k8s/provisioner/group_objects.h"

#include <utility>

#include "k8s/api/resources.h"
#include "k8s/client/text.h"
#include "k8s/provisioner/object_parts.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/pod_template.h"

namespace ratchet::k8s::provisioner {
namespace {

constexpr const char* script_key = "watch-member.sh";

// The password goes through a file descriptor, so that no process list shows it.
constexpr const char* script = R"sh(#!/bin/bash
# Says in this container's log what the member beside it is in the group, whenever that changes.
# Nothing depends on it: the group is watched and steered by SQL from outside.
trap 'exit 0' TERM INT
quoted() { local s=${1//\\/\\\\}; printf '"%s"' "${s//\"/\\\"}"; }
options() {
  printf '[client]\nuser=%s\npassword=%s\nhost=127.0.0.1\nprotocol=tcp\nconnect-timeout=2\n' \
    "$(quoted "$MYSQL_ROOT_USERNAME")" "$(quoted "$MYSQL_ROOT_PASSWORD")"
}
query="@QUERY@"
last=''
while :; do
  now=$(mysql --defaults-extra-file=<(options) -N -e "$query" 2> /dev/null) \
    || now='the server does not answer'
  [ "$now" = "$last" ] || printf '%s %s\n' "$(date -u +%FT%TZ)" "${now:-member of no group}"
  last=$now
  sleep 5 & wait $!
done
)sh";

constexpr const char* group_query = R"(SELECT CONCAT('member ', MEMBER_STATE, ' ', MEMBER_ROLE)
  FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid)";
constexpr const char* semi_sync_query =
    "SELECT IF(@@GLOBAL.super_read_only, 'member takes no writes', 'member takes writes')";

std::string seeds(const Database& database, const std::string& set) {
  std::string text;
  for (int i = 0; i < database.replicas; ++i) {
    if (i > 0) text += ",";
    text += member_host(database, set + "-" + std::to_string(i)) + ":33061";
  }
  return text;
}

Json companion_wish(const Json& spec) {
  Json wish = spec.value("coordinator", Json::object());
  const Json::json_pointer containers("/podTemplate/spec/containers");
  for (const Json& container : spec.contains(containers) ? spec.at(containers) : Json::array()) {
    if (container.value("name", "") == companion_name) wish.update(container);
  }
  return wish;
}

}  // namespace

std::string replication_secret_name(const Database& database) {
  return database.name + "-replication";
}

std::string companion_config_name(const Database& database) {
  return database.name + "-coordinator";
}

std::string member_host(const Database& database, const std::string& pod) {
  return pod + "." + governing_service_name(database) + "." + database.space + ".svc";
}

Json standby_service(const Database& database) {
  Json service = object_of(database, "v1", "Service", database.name + "-standby");
  service["spec"] = {{"type", "ClusterIP"},
                     {"selector", selector_labels(database.name)},
                     {"ports", Json::array({service_port("standby")})}};
  service["spec"]["selector"][role_label] = standby_role;
  apply_service_template(database, "standby", service);
  return service;
}

Json replication_secret(const Database& database, const std::string& password) {
  Json secret = object_of(database, "v1", "Secret", replication_secret_name(database));
  secret["type"] = "kubernetes.io/basic-auth";
  secret["data"] = {{"username", base64_encode(replication_user)},
                    {"password", base64_encode(password)}};
  return secret;
}

Json companion_config(const Database& database) {
  Json config = object_of(database, "v1", "ConfigMap", companion_config_name(database));
  std::string text = script;
  const std::string place = "@QUERY@";
  text.replace(text.find(place), place.size(), database.group ? group_query : semi_sync_query);
  config["data"] = {{script_key, std::move(text)}};
  return config;
}

Json companion_container(const Database& database) {
  const Json wish = companion_wish(database.spec());
  Json container = {
      {"name", companion_name},
      {"image", ""},
      {"imagePullPolicy", "IfNotPresent"},
      {"command", {"/bin/bash", std::string("/scripts/") + script_key}},
      {"env",
       {secret_variable(database.auth_secret, "MYSQL_ROOT_PASSWORD", "password"),
        secret_variable(database.auth_secret, "MYSQL_ROOT_USERNAME", "username")}},
      {"volumeMounts", Json::array({{{"name", "init-scripts"}, {"mountPath", "/scripts"}}})},
      {"resources",
       {{"requests", {{"cpu", "200m"}, {"memory", "256Mi"}}}, {"limits", {{"memory", "256Mi"}}}}}};
  for (const char* field : {"resources", "securityContext"}) {
    if (wish.contains(field)) container[field] = wish.at(field);
  }
  return container;
}

Json companion_volume(const Database& database) {
  return {{"name", "init-scripts"}, {"configMap", {{"name", companion_config_name(database)}}}};
}

Json cluster_env(const Database& database, const std::string& set) {
  const auto field = [](const char* name, const char* path) {
    return Json{{"name", name}, {"valueFrom", {{"fieldRef", {{"fieldPath", path}}}}}};
  };
  Json env = {{{"name", "BASE_NAME"}, {"value", set}},
              {{"name", "GOV_SVC"}, {"value", governing_service_name(database)}},
              field("POD_NAMESPACE", "metadata.namespace"),
              field("POD_NAME", "metadata.name")};
  if (database.group) env.push_back({{"name", "GROUP_NAME"}, {"value", database.group->name}});
  env.push_back({{"name", "DB_NAME"}, {"value", database.name}});
  return env;
}

// Members are let in from private networks, which is where pods are; clusters with others name
// theirs in podTemplate, whose arguments come later and win.
Json group_args(const Database& database, const std::string& set, const Json& resources) {
  const std::string host = member_host(database, "$(POD_NAME)");
  Json args = {"--gtid-mode=ON",
               "--enforce-gtid-consistency=ON",
               "--binlog-expire-logs-seconds=259200",
               "--plugin-load-add=group_replication.so",
               "--plugin-load-add=mysql_clone.so",
               "--report-host=" + host,
               "--loose-group-replication-group-name=" + database.group->name,
               "--loose-group-replication-start-on-boot=OFF",
               "--loose-group-replication-local-address=" + host + ":33061",
               "--loose-group-replication-group-seeds=" + seeds(database, set),
               ("--loose-group-replication-ip-allowlist=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,"
                "100.64.0.0/10,fc00::/7"),
               "--loose-group-replication-ssl-mode=REQUIRED",
               api::before_buffers};
  append(args, api::buffer_args(resources));
  return args;
}

}  // namespace ratchet::k8s::provisioner
