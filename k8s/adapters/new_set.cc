#include "k8s/adapters/new_set.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "k8s/adapters/objects.h"
#include "k8s/adapters/workload.h"
#include "k8s/api/member_sets.h"

namespace ratchet::k8s {

namespace {

constexpr const char* seeds_option = "--loose-group-replication-group-seeds=";
// Where the seeds of the former set end and those of the new one begin cannot be seen in the
// option, so the latter stand beside it.
constexpr const char* later_seeds = "ratchet.dev/group-seeds";

bool begins_with(const Json& text, const char* prefix) {
  return text.is_string() && text.get_ref<const std::string&>().starts_with(prefix);
}

// `<former>-<i>.<…>` becomes `<name>-<i>.<…>`, member for member.
std::string renamed_hosts(const std::string& hosts, const std::string& former,
                          const std::string& name) {
  std::string renamed;
  std::size_t at = 0;
  while (at < hosts.size()) {
    const std::size_t end = std::min(hosts.find(',', at), hosts.size());
    std::string host = hosts.substr(at, end - at);
    if (host.starts_with(former + "-")) host.replace(0, former.size(), name);
    renamed += (renamed.empty() ? "" : ",") + host;
    at = end + 1;
  }
  return renamed;
}

Json& server_in(Json& set) {
  for (Json& container : set["spec"]["template"]["spec"]["containers"]) {
    if (container.value("name", "") == database_container) return container;
  }
  throw std::runtime_error("the former StatefulSet has no container for the server");
}

// The former members come first: of the new ones not even the names may be known yet. The answer
// are the seeds of the new set alone; empty if the servers name none.
std::string add_seeds(Json& server, const std::string& former, const std::string& name) {
  if (!server.contains("args")) return "";
  std::string own;
  for (Json& option : server["args"]) {
    if (!begins_with(option, seeds_option)) continue;
    auto hosts = option.get<std::string>().substr(std::string(seeds_option).size());
    own = renamed_hosts(hosts, former, name);
    hosts += "," + own;
    option = seeds_option + hosts;
  }
  return own;
}

void name_set(Json& server, const std::string& name) {
  for (Json& variable : server["env"]) {
    if (variable.value("name", "") == "BASE_NAME") variable["value"] = name;
  }
}

Json secret_variable(const std::string& secret, const char* name, const char* key) {
  return {{"name", name}, {"valueFrom", {{"secretKeyRef", {{"name", secret}, {"key", key}}}}}};
}

// Nobody can change those of a StatefulSet that is there.
void size_claims(Json& set, const Json& storage) {
  if (!storage.contains("resources") || !set["spec"].contains("volumeClaimTemplates")) return;
  for (Json& claim : set["spec"]["volumeClaimTemplates"]) {
    if (text_at(claim, "/metadata/name") != "data") continue;
    claim["spec"]["resources"] = storage["resources"];
  }
}

std::string donors_of(const mysql::CreateNewSet& in, const std::string& service) {
  const std::string domain = "." + service + "." + in.database().space() + ".svc";
  std::string text;
  for (const std::string& donor : in.donors()) {
    if (!text.empty()) text += " ";
    text += donor + domain;
  }
  return text;
}

// As the former set's server is run, so that it opens what it has copied as that one would.
Json seeding_of(Json server, const mysql::CreateNewSet& in, const std::string& service,
                const std::string& seed) {
  for (const char* part :
       {"ports", "readinessProbe", "livenessProbe", "startupProbe", "lifecycle"}) {
    server.erase(part);
  }
  server["name"] = api::seeding_container;
  server["command"] = {"/bin/bash", "-c", seed_script, api::seeding_container};
  const std::string replication = in.database().name() + "-replication";
  Json& env = server["env"];
  env.push_back({{"name", "SEED_ID"}, {"value", seed}});
  env.push_back({{"name", "DONORS"}, {"value", donors_of(in, service)}});
  env.push_back(secret_variable(replication, "SEED_USER", "username"));
  env.push_back(secret_variable(replication, "SEED_PASSWORD", "password"));
  return server;
}

}  // namespace

Json new_set_of(const mysql::CreateNewSet& in, const Json& storage, const std::string& seed) {
  Json set = Json::parse(in.manifest());
  const std::string former = text_at(set, "/metadata/name");
  set["metadata"]["name"] = in.name();
  set["spec"]["replicas"] = 1;
  Json& server = server_in(set);
  Json seeding = seeding_of(server, in, text_at(set, "/spec/serviceName"), seed);
  const std::string seeds = add_seeds(server, former, in.name());
  if (!seeds.empty()) set["metadata"]["annotations"][later_seeds] = seeds;
  // Of what it was made, till the provisioner says so; nothing else tells that it is none of
  // KubeDB's.
  set["metadata"]["annotations"]["ratchet.dev/source"] = former;
  name_set(server, in.name());
  size_claims(set, storage);
  Json& pod = set["spec"]["template"]["spec"];
  pod["containers"] = with_image(pod["containers"], in.image());
  pod["initContainers"].push_back(std::move(seeding));
  return set;
}

Json without_seeding(Json set) {
  const std::string seeds = annotation(set, later_seeds);
  if (!seeds.empty()) {
    for (Json& option : server_in(set)["args"]) {
      if (begins_with(option, seeds_option)) option = seeds_option + seeds;
    }
    set["metadata"]["annotations"].erase(later_seeds);
  }
  Json& pod = set["spec"]["template"]["spec"];
  Json rest = Json::array();
  for (const Json& container : pod.value("initContainers", Json::array())) {
    if (container.value("name", "") != api::seeding_container) rest.push_back(container);
  }
  pod["initContainers"] = std::move(rest);
  return set;
}

}  // namespace ratchet::k8s
