#include "tests/k8s/operator/ops_world.h"

#include <algorithm>
#include <regex>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "store/checkpoint.h"
#include "tests/k8s/provisioner/manifests.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::k8s::testing {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> yield(std::chrono::milliseconds) {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

std::string image_of(const Json& pod) {
  return pod.value("/spec/containers/0/image"_json_pointer, "");
}

// "docker.io/library/mariadb:11.8.6" runs 11.8.6-MariaDB, whatever its digest.
std::string version_of(const Json& pod) {
  const std::string name = image_of(pod);
  const std::string image = name.substr(0, name.find('@'));
  const bool mariadb = image.find("mariadb") != std::string::npos;
  return image.substr(image.rfind(':') + 1) + (mariadb ? "-MariaDB" : "");
}

SqlRows answer(const std::string&, const std::string& statement) {
  if (statement.find("max_dirty_pages_pct") != std::string::npos) return {{"1", "90", "0", "10"}};
  if (statement.starts_with("SELECT @@GLOBAL.innodb_fast_shutdown")) return {{"1", "0", "0"}};
  if (statement.starts_with("SHOW GLOBAL STATUS")) return {{"Innodb_buffer_pool_pages_dirty", "3"}};
  if (statement.starts_with("SELECT table_schema")) return {{"shop", "orders"}};
  if (statement.starts_with("SELECT 1 FROM `shop`.`orders`")) return {{"1"}};
  return {};
}

// What a check asks for is there if a test planted it.
const SqlRows* planted_in(const Planted& planted, const std::string& statement) {
  for (const auto& [part, rows] : planted) {
    if (statement.find(part) != std::string::npos) return &rows;
  }
  return nullptr;
}

asio::awaitable<std::vector<SqlRows>> ask(Answers answers, const Planted& planted, std::string name,
                                          std::string version,
                                          std::vector<std::string> statements) {
  std::vector<SqlRows> rows;
  for (const std::string& statement : statements) {
    const bool asks = statement.starts_with("SELECT VERSION()");
    const SqlRows* found = planted_in(planted, statement);
    rows.push_back(found != nullptr ? *found
                   : asks           ? SqlRows{{version, "Debian 13"}}
                                    : answers(name, statement));
  }
  co_return rows;
}

// What differs between two runs of the same upgrade without meaning anything.
std::string masked(std::string text) {
  static const std::regex uid("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  static const std::regex version("\"resourceVersion\":\"[0-9]+\"");
  static const std::regex time("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z");
  text = std::regex_replace(text, uid, "UID");
  text = std::regex_replace(text, version, "\"resourceVersion\":\"N\"");
  return std::regex_replace(text, time, "TIME");
}

// A round of the cluster costs a hundred times what a piece of the ops manager's work does.
constexpr int pieces_a_round = 4;

}  // namespace

Sql sql_to(Answers answers, const Planted& planted) {
  return [answers = std::move(answers), &planted](const mysql::Server& server, const Json& pod,
                                                  std::vector<std::string> statements) {
    return ask(answers, planted, server.pod(), version_of(pod), std::move(statements));
  };
}

OpsProcess::OpsProcess(World& world, std::shared_ptr<store::MemoryDisk> disk,
                       engine::testing::MemoryAnchor& anchor, Sql sql,
                       const std::optional<engine::Approvers>& approvers, StopPlan* stops)
    : world_(world),
      log_(std::move(disk), [this](std::function<void()> task) { host_.post(std::move(task)); }),
      stops_(stops) {
  environment_.executor = io_.get_executor();
  environment_.client = &client_;
  environment_.now = [this] { return host_.now(); };
  environment_.pause = yield;
  environment_.provisioner_lease = {"demo", "ratchet-provisioner"};
  environment_.sql = std::move(sql);
  add_database_handlers(handlers_, environment_);
  add_stateful_set_handlers(handlers_, environment_);
  add_pod_handlers(handlers_, environment_);
  add_server_handlers(handlers_, environment_);
  add_group_handlers(handlers_, environment_);
  add_preflight_handlers(handlers_, environment_);
  if (stops_ != nullptr) handlers_ = handlers_to_stop_at(handlers_);
  mysql::add_workflows(registry_);
  anchor.serve(host_);
  engine::EngineOptions options{"test", "test"};
  options.approvers = approvers;
  store::Log& log = stops_ != nullptr ? log_to_stop_at() : log_;
  engine_ = std::make_unique<engine::Engine>(log, host_, registry_, handlers_, anchor, options);
  manager_ = std::make_unique<OpsManager>(
      io_.get_executor(), client_, *engine_, log_,
      OpsManagerOptions{"test", std::chrono::milliseconds(1), approvers.has_value(), [&anchor] {
                          const std::optional<store::Head> head = anchor.read();
                          return head ? store::to_checkpoint(*head) : "";
                        }});
  engine_->observe([this](const engine::Recorded& recorded) {
    ++recorded_;
    manager_->recorded(recorded);
  });
  engine_->open([this] {
    const auto watches = [this](const Resource& kind, std::function<void(Event)> on_event) {
      return watch(kind, std::move(on_event));
    };
    asio::co_spawn(io_, manager_->run(watches), asio::detached);
  });
}

store::Log& OpsProcess::log_to_stop_at() {
  return one_by_one_.emplace(log_, [stops = stops_] {
    stops->stopped = stops->stopped || stops->appends == stops->after_append;
    ++stops->appends;
    return !stops->stopped;
  });
}

// Handlers that are not called, and are not heard, from where the process is stopped on.
engine::Handlers OpsProcess::handlers_to_stop_at(const engine::Handlers& real) {
  engine::Handlers watched;
  real.for_each([stops = stops_, &watched](const engine::Handlers::Entry& entry) {
    engine::Handlers::Entry stopping = entry;
    stopping.perform = [stops, perform = entry.perform](const engine::AttemptInfo& info,
                                                        const engine::Bytes& input, auto sink) {
      if (stops->stopped) return;
      const std::size_t nth = stops->activities++;
      stops->stopped = nth == stops->before_activity;
      if (stops->stopped) return;
      perform(info, input,
              [stops, nth, sink = std::move(sink)](engine::Bytes result,
                                                   const engine::Failure* failure, bool retry) {
                stops->stopped = stops->stopped || nth == stops->after_activity;
                if (!stops->stopped) sink(std::move(result), failure, retry);
              });
    };
    watched.put(std::move(stopping));
  });
  return watched;
}

std::shared_ptr<void> OpsProcess::watch(const Resource& kind, std::function<void(Event)> on_event) {
  const std::string resource = kind.plural + "." + kind.group;
  watched_[resource] = {std::move(on_event), {}, {}};
  return std::shared_ptr<void>(
      this, [resource](void* self) { static_cast<OpsProcess*>(self)->watched_.erase(resource); });
}

// Of what was deleted before it began it tells nothing, as a watch does.
void OpsProcess::deliver(const std::string& resource, Watched& watched) {
  std::map<std::string, Json> former;
  former.swap(watched.seen);
  watched.to_show.push_back(world_.server.store().list(resource, ""));
  while (watched.to_show.size() > watch_lag + 1) watched.to_show.pop_front();
  for (const auto& object : watched.to_show.front()) {
    const std::string name = object->at("metadata").at("name");
    Json& seen = watched.seen[name];
    if (const auto found = former.find(name); found != former.end()) {
      const Json& uid = object->at("metadata").at("uid");
      if (found->second["metadata"]["uid"] == uid) {
        seen = std::move(found->second);
      } else {
        watched.on_event({Event::Type::deleted, std::move(found->second)});
      }
      former.erase(found);
    }
    if (seen == *object) continue;
    seen = *object;
    watched.on_event({Event::Type::modified, *object});
  }
  for (const auto& [name, object] : former) {
    watched.on_event({Event::Type::deleted, object});
  }
}

void OpsProcess::step() {
  for (auto& [resource, watched] : watched_) deliver(resource, watched);
  io_.restart();
  io_.poll_one();
}

OpsDatabase standalone_database() {
  return {.manifest = standalone, .name = "my-standalone", .answers = answer};
}

OpsWorld::OpsWorld(OpsDatabase database) : database_(std::move(database)) {
  world.context.group = database_.group;
  world.answer.version = database_.version;
  world.apply(database_.manifest);
  world.settle(database_.name);
  world.server.on_call([this](const embedded::Call& call, const embedded::Answer& answer) {
    const bool status = call.plural == "mysqlopsrequests";
    if (call.user != "ops-manager" || !embedded::is_write(call.verb) || answer.code >= 300 ||
        call.plural == "events" || status) {
      return;
    }
    writes_.push_back(
        {embedded::verb_name(call.verb), call.plural, call.name, call.subresource, call.body});
  });
}

void OpsWorld::request(const std::string& name, const std::string& target, const std::string& more,
                       const std::string& annotations) {
  request_of("UpdateVersion", name, "  updateVersion: {targetVersion: \"" + target + "\"}\n" + more,
             annotations);
}

void OpsWorld::request_of(const std::string& type, const std::string& name, const std::string& more,
                          const std::string& annotations) {
  world.apply(
      "apiVersion: ops.kubedb.com/v1alpha1\n"
      "kind: MySQLOpsRequest\n"
      "metadata: {name: " +
      name + ", namespace: demo, annotations: {" + annotations +
      "}}\n"
      "spec:\n"
      "  databaseRef: {name: " +
      database_.name +
      "}\n"
      "  type: " +
      type + "\n" + more);
}

// What a kubelet does with a deleted pod that somebody's finalizer keeps.
void OpsWorld::end_containers() {
  embedded::Actor node(world.server, "system:node:node");
  for (const auto& pod : node.list("pods")) {
    const Json::json_pointer state("/status/containerStatuses/0/state");
    if (!embedded::deleting(*pod) || !pod->contains(state) ||
        pod->at(state).contains("terminated")) {
      continue;
    }
    Json statuses = pod->at("status").at("containerStatuses");
    const bool ran = pod->at(state).contains("running");
    for (Json& status : statuses) {
      status["state"] = {
          {"terminated",
           {{"exitCode", ran ? exit_code : 137}, {"reason", ran ? "Completed" : "Unknown"}}}};
    }
    node.merge_patch("pods", *pod,
                     {{"status", {{"phase", "Failed"}, {"containerStatuses", statuses}}}},
                     "status");
  }
}

void OpsWorld::follow_server() {
  const Json pod = world.get(kinds::pod, database_.name + "-0");
  if (pod.is_null()) return;
  world.answer.version = version_of(pod);
  world.answer.connect_error.reset();
  if (!pod.contains("/status/containerStatuses/0/state/running"_json_pointer)) {
    world.answer.connect_error = "connection refused";
  }
}

void OpsWorld::round() {
  database_.follow ? database_.follow() : follow_server();
  world.run_cluster();
  end_containers();
  world.pass(database_.name);
  world.check(database_.name);
}

void OpsWorld::run_until(const std::function<bool()>& done, std::optional<std::size_t> kill_after) {
  // Of a sanitizer's build beside others: what takes a second takes a minute there.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(240);
  while (!done()) {
    if (!process_)
      process_ = std::make_unique<OpsProcess>(world, disk_, anchor_,
                                              sql_to(database_.answers, planted), approvers, stops);
    process_->watch_lag = watch_lag;
    for (int piece = 0; piece < pieces_a_round && process_; ++piece) {
      process_->step();
      records_ = process_->recorded();
      const bool is_stopped = stops != nullptr && stops->stopped;
      const bool is_killed = kill_after && process_->recorded() >= *kill_after;
      if (is_stopped) stops = nullptr;
      if (is_killed) kill_after.reset();
      if (is_stopped || is_killed) process_.reset();
    }
    round();
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("took too long");
  }
}

void OpsWorld::finish(const std::string& name, std::optional<std::size_t> kill_after) {
  run_until(
      [&] {
        const std::string phase = phase_of(name);
        return phase == "Successful" || phase == "Failed" || phase == "Skipped" ||
               phase == "Denied";
      },
      kill_after);
}

std::string OpsWorld::phase_of(const std::string& name) {
  return world.get(kinds::mysql_ops_request, name).value("/status/phase"_json_pointer, "");
}

std::string OpsWorld::message_of(const std::string& name, const std::string& type) {
  const Json request = world.get(kinds::mysql_ops_request, name);
  for (const Json& condition : request.value("/status/conditions"_json_pointer, Json::array())) {
    if (condition["type"] == type) return condition["message"];
  }
  return "";
}

std::string OpsWorld::planned_in_short(const std::string& name) {
  const std::string planned = message_of(name, "Planned");
  return planned.substr(0, planned.find(". Steps: "));
}

std::string OpsWorld::pod_uid() {
  return world.get(kinds::pod, database_.name + "-0").value("/metadata/uid"_json_pointer, "");
}

std::string OpsWorld::image() { return image_of(world.get(kinds::pod, database_.name + "-0")); }

std::vector<std::string> OpsWorld::events_of(const std::string& name) {
  std::vector<std::string> texts;
  for (const auto& object : world.server.store().list("events", "demo")) {
    if (object->at("involvedObject").at("name") != name) continue;
    texts.push_back(object->at("reason").get<std::string>() + ": " +
                    object->at("message").get<std::string>());
  }
  return texts;
}

std::vector<std::string> OpsWorld::touches() {
  std::vector<std::string> found = writes();
  std::erase_if(found, [](const std::string& write) {
    return write.find("-image-check") != std::string::npos;
  });
  return found;
}

std::vector<std::string> OpsWorld::writes() {
  std::vector<std::string> all;
  all.reserve(writes_.size());
  for (const Written& write : writes_) {
    all.push_back(masked(write.verb + " " + write.plural + " " + write.name +
                         (write.subresource.empty() ? "" : "/") + write.subresource + " " +
                         write.body.dump()));
  }
  std::ranges::sort(all);
  return all;
}

}  // namespace ratchet::k8s::testing
