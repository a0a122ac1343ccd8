#include "tests/k8s/provisioner/world.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/yaml.h"

namespace ratchet::k8s::testing {

namespace asio = boost::asio;

namespace {

Resource kind_of(const Json& object) {
  for (const Resource& kind :
       {kinds::custom_resource_definition, kinds::mysql, kinds::mysql_version, kinds::space,
        kinds::secret, kinds::service, kinds::stateful_set, kinds::service_account,
        kinds::persistent_volume_claim, kinds::mysql_ops_request, kinds::storage_class,
        kinds::config_map}) {
    if (object.at("kind") != kind.kind) continue;
    Resource named = kind;
    const std::string version = object.at("apiVersion");
    named.version = version.substr(version.find('/') + 1);
    return named;
  }
  throw std::runtime_error("the tests know no kind " + object.at("kind").get<std::string>());
}

void demand(const Reply& reply) {
  if (!reply.ok()) throw std::runtime_error("the API server says: " + reply.message());
}

template <class T>
T run_on(asio::io_context& loop, asio::awaitable<T> task) {
  std::exception_ptr failure;
  std::optional<T> result;
  bool ended = false;
  asio::co_spawn(loop, std::move(task), [&](const std::exception_ptr& error, T value) {
    failure = error;
    result = std::move(value);
    ended = true;
  });
  loop.restart();
  while (!ended && loop.run_one() > 0) {
  }
  if (failure) std::rethrow_exception(failure);
  return std::move(result.value());
}

embedded::Options server_options(embedded::Faults& faults) {
  embedded::Options options;
  options.seed = 1;
  options.faults.on_write = [&faults](const embedded::Call& call) {
    return faults.on_write ? faults.on_write(call) : embedded::Fault::none;
  };
  return options;
}

asio::awaitable<provisioner::ProbeResult> at_once(provisioner::ProbeResult result) {
  co_return result;
}

}  // namespace

Reply World::run(asio::awaitable<Reply> call) { return run_on(loop_, std::move(call)); }

World::World()
    : server(server_options(faults)),
      context{client,
              [this](const Json&, Report report) { events.push_back(std::move(report)); },
              [this](provisioner::ProbeTarget target) {
                probes.push_back(std::move(target));
                return at_once(answer);
              },
              {},
              [] { return std::string("2026-11-23T10:00:00Z"); },
              {}} {
  answer.ready = true;
  answer.certificate = "c0ffee";
  answer.version = "10.11.18-MariaDB";
  apply("{apiVersion: v1, kind: Namespace, metadata: {name: demo}}");
  for (const char* name : {"mysqls", "mysqlopsrequests", "mysqlversions"}) {
    apply(read_source(std::string("k8s/manifests/crds/") + name + ".yaml"));
  }
  apply(old_version);
  apply(new_version);
  apply(group_version);
  apply(storage_class);
}

bool World::can_pull(const Json& pod, const std::string& image) const {
  if (missing_images.contains(image)) return false;
  const auto asked = private_images.find(image);
  if (asked == private_images.end()) return true;
  const Json given = pod.at("spec").value("imagePullSecrets", Json::array());
  return std::any_of(given.begin(), given.end(),
                     [&](const Json& secret) { return secret.value("name", "") == asked->second; });
}

std::string World::image_id(const std::string& image) const {
  const auto found = image_ids.find(image);
  return found == image_ids.end() ? "" : found->second;
}

void World::apply(const std::string& yaml) {
  for (const Json& object : parse_yaml(yaml)) {
    const Resource kind = kind_of(object);
    const Json& meta = object.at("metadata");
    const Reply found = run(client.get(kind, {meta.value("namespace", ""), meta.at("name")}));
    if (found.not_found()) {
      demand(run(client.create(kind, object)));
      continue;
    }
    Json changed = found.body;
    changed["spec"] = object.at("spec");
    demand(run(client.update(kind, changed)));
  }
}

Json World::get(const Resource& kind, const std::string& name, const std::string& space) {
  const Reply reply = run(client.get(kind, {kind.namespaced ? space : "", name}));
  return reply.ok() ? reply.body : Json();
}

std::vector<std::string> World::names(const Resource& kind) {
  std::vector<std::string> found;
  const Reply all = run(client.list(kind, kind.namespaced ? "demo" : "", {}));
  for (const Json& object : all.body.at("items")) found.push_back(object["metadata"]["name"]);
  return found;
}

void World::patch(const Resource& kind, const std::string& name, Json patch) {
  demand(run(client.merge_patch(kind, {kind.namespaced ? "demo" : "", name}, std::move(patch))));
}

void World::remove(const Resource& kind, const std::string& name) {
  demand(
      run(client.remove(kind, {kind.namespaced ? "demo" : "", name}, {}, Propagation::background)));
}

void World::pause(const std::string& name, const std::string& since) {
  Json mysql = get(kinds::mysql, name);
  mysql["status"]["conditions"].push_back({{"type", "Paused"},
                                           {"status", "True"},
                                           {"reason", "Paused"},
                                           {"message", "by a test"},
                                           {"lastTransitionTime", since}});
  demand(run(client.update_status(kinds::mysql, mysql)));
}

void World::resume(const std::string& name) {
  Json mysql = get(kinds::mysql, name);
  Json rest = Json::array();
  for (const Json& condition : mysql["status"]["conditions"]) {
    if (condition["type"] != "Paused") rest.push_back(condition);
  }
  mysql["status"]["conditions"] = rest;
  demand(run(client.update_status(kinds::mysql, mysql)));
}

std::optional<provisioner::Duration> World::pass(const std::string& name) {
  return run_on(loop_, reconciler_.reconcile("demo/" + name));
}

void World::check(const std::string& name) { run_on(loop_, health_.check("demo/" + name)); }

bool World::run_cluster() {
  bool any = false;
  while (controllers_.pass() || node_.pass()) any = true;
  return any;
}

void World::settle(const std::string& name) {
  for (int round = 0; round < 100; ++round) {
    const auto before = server.store().version();
    pass(name);
    run_cluster();
    check(name);
    run_cluster();
    if (server.store().version() == before) return;
  }
  throw std::runtime_error("the cluster does not come to rest");
}

std::string World::phase(const std::string& name) {
  return get(kinds::mysql, name).value("/status/phase"_json_pointer, "");
}

Json World::condition(const std::string& type, const std::string& name) {
  const Json mysql = get(kinds::mysql, name);
  for (const Json& condition : mysql.value("/status/conditions"_json_pointer, Json::array())) {
    if (condition["type"] == type) return condition;
  }
  return {};
}

void World::approve(const std::string& annotation, const std::string& name) {
  const auto message = condition("GroupComplete", name).value("message", "");
  const std::size_t at = message.find(annotation + "=");
  if (at == std::string::npos) throw std::runtime_error("nobody asks for it: " + message);
  const std::string rest = message.substr(at + annotation.size() + 1);
  const std::string value = rest.substr(0, rest.find_first_of(",;"));
  patch(kinds::mysql, name, {{"metadata", {{"annotations", {{annotation, value}}}}}});
}

std::vector<std::string> World::event_texts() {
  std::vector<std::string> texts;
  texts.reserve(events.size());
  for (const Report& report : events) texts.push_back(report.reason + ": " + report.message);
  return texts;
}

}  // namespace ratchet::k8s::testing
