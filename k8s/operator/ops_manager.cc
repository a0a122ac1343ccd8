#include "k8s/operator/ops_manager.h"

#include <charconv>
#include <stdexcept>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <spdlog/spdlog.h>

#include "engine/core/utf8.h"
#include "engine/core/values.h"
#include "engine/inspect/history.h"
#include "k8s/client/kinds.h"
#include "k8s/client/text.h"
#include "k8s/operator/request_types.h"
#include "k8s/provisioner/group_care.h"
#include "k8s/provisioner/json_shape.h"
#include "workflows/mysql/gate.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

std::string key_of(const std::string& space, const std::string& name) { return space + "/" + name; }

Key object_key(const std::string& key) {
  const auto slash = key.find('/');
  return {key.substr(0, slash), key.substr(slash + 1)};
}

// Of a hash in hex. What is none becomes one that fits no plan.
std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    const auto* end = hex.data() + i + 2;
    const auto read = std::from_chars(hex.data() + i, end, value, 16);
    if (read.ec != std::errc() || read.ptr != end) return std::string(32, '\0');
    bytes += static_cast<char>(value);
  }
  return bytes.size() == 32 ? bytes : std::string(32, '\0');
}

// What the run is about; nothing if its record was pruned.
std::optional<RequestRun> read_run(const store::LogReader& log, const RequestType& type,
                                   std::uint64_t run) {
  for (const engine::HistoryTurn& record : engine::read_history(log, run)) {
    for (const engine::Event& event : record.turn.events) {
      const auto* started = std::get_if<engine::RunStarted>(&event);
      if (started != nullptr) return type.about(started->input);
    }
    break;
  }
  return std::nullopt;
}

}  // namespace

mysql::UpdateRequest input_of(const OpsRequest& request) {
  mysql::UpdateRequest input;
  input.mutable_database()->set_space(request.space);
  input.mutable_database()->set_name(request.database);
  input.set_request(request.name);
  input.set_target_version(request.target_version);
  input.set_step_timeout_us(request.timeout.count());
  input.set_generation(request.generation);
  input.set_needs_approval(request.needs_approval);
  input.set_window(request.window);
  return input;
}

OpsManager::OpsManager(const asio::any_io_executor& executor, Client& client,
                       engine::Engine& engine, const store::LogReader& log,
                       OpsManagerOptions options)
    : client_(client),
      engine_(engine),
      log_(log),
      options_(std::move(options)),
      publisher_(client, options_.anchor),
      queue_(executor, {}) {}

void OpsManager::know_open_runs() {
  for (const engine::RunInfo& run : engine::list_runs(log_)) {
    if (!engine::has_ended(run.state)) know(run.run_id, run.workflow, run.run);
  }
}

void OpsManager::know(const std::string& run_id, const std::string& workflow, std::uint64_t run) {
  const RequestType* type = type_of_workflow(workflow);
  if (type == nullptr) return;
  if (const auto about = read_run(log_, *type, run)) {
    open_runs_[run_id] = {about->space, about->database, about->request};
    queue_.add(key_of(about->space, about->request));
  }
}

void OpsManager::recorded(const engine::Recorded& recorded) {
  // One that a person had start over from a turn of an ended run.
  if (recorded.turn.turn == 0 && !open_runs_.contains(recorded.run_id)) {
    know(recorded.run_id, recorded.workflow, recorded.turn.run);
  }
  const auto open = open_runs_.find(recorded.run_id);
  if (open == open_runs_.end()) return;
  queue_.add(key_of(open->second.space, open->second.request));
  const bool ended = engine::has_ended(recorded.state);
  if (!ended) return;
  told_.erase(open->first);
  for (const engine::Event& event : recorded.turn.events) {
    const auto* reset = std::get_if<engine::Reset>(&event);
    if (reset == nullptr) continue;  // else nobody may start on its database in between
    const OpenRun& former = open->second;
    open_runs_[reset->run_id] = {former.space, former.database, former.request};
  }
  open_runs_.erase(open);
  look_at_waiting();
}

void OpsManager::look_at_waiting() {
  for (const auto& [key, request] : requests_) {
    if (!request.ended() && !open_runs_.contains(request.uid)) queue_.add(key);
  }
}

void OpsManager::saw(const Event& event) {
  OpsRequest request = read_request(event.object);
  const std::string key = key_of(request.space, request.name);
  const bool deleted = event.type == Event::Type::deleted;
  doubt([&](const std::string& run_id, const OpenRun& open) {
    const bool other = request.uid != engine::first_run_id(run_id);
    return key_of(open.space, open.request) == key && (deleted || request.deleting || other);
  });
  if (deleted) {
    requests_.erase(key);
    look_at_waiting();
    return;
  }
  requests_[key] = std::move(request);
  queue_.add(key);
}

void OpsManager::note_fence(const Event& event) {
  const Json& metadata = event.object.at("metadata");
  const std::string key = metadata.value("namespace", "") + "/" + metadata.value("name", "");
  const std::string fence = provisioner::annotation(event.object, provisioner::fence_annotation);
  fence_ends_.erase(key);
  if (fence.empty() || event.type == Event::Type::deleted) return;
  const auto end = read_time(fence.substr(fence.find('/') + 1));
  fence_ends_[key] = end ? std::chrono::time_point_cast<engine::Duration>(*end) : engine::Time{};
}

std::vector<engine::Time> OpsManager::fence_ends() const {
  std::vector<engine::Time> ends;
  ends.reserve(fence_ends_.size());
  for (const auto& [key, end] : fence_ends_) ends.push_back(end);
  return ends;
}

asio::awaitable<void> OpsManager::run(WatchKind watch) {
  know_open_runs();
  watches_.push_back(watch(kinds::mysql_ops_request, [this](const Event& event) { saw(event); }));
  watches_.push_back(watch(kinds::mysql, [this](const Event& event) {
    note_fence(event);
    saw_database(event);
  }));
  using namespace asio::experimental::awaitable_operators;
  // Four requests at a time: most of it is waiting for the API server, and with a hundred upgrades
  // under way the next one would wait for all their statuses first.
  co_await (work() && work() && work() && work());
  watches_.clear();
}

void OpsManager::stop() {
  watches_.clear();
  queue_.close();
}

asio::awaitable<void> OpsManager::work() {
  while (const std::optional<std::string> key = co_await queue_.take()) {
    try {
      co_await reconcile(*key);
      queue_.forget(*key);
    } catch (const std::exception& error) {
      spdlog::warn("MySQLOpsRequest {}: {}; tries again", *key, error.what());
      queue_.retry(*key);
    }
    queue_.done(*key);
  }
}

asio::awaitable<void> OpsManager::reconcile(std::string key) {
  co_await end_runs_of_deleted(key);
  const auto found = requests_.find(key);
  if (found == requests_.end()) co_return;
  const OpsRequest request = found->second;
  const auto run = engine::find_last_reset(log_, request.uid);
  if (run) {
    if (run->pruned) co_return;  // what was published last is all that is left to say
    const Projection projection =
        project(engine::read_history(log_, run->run), options_.signed_approvals);
    decide(request, run->run_id, projection);  // also where it cannot be told
    co_await publisher_.publish(request.uid, run->run_id, projection);
    co_return;
  }
  // A run that is not durable yet is published when it is.
  const bool may_start = !request.ended() && !request.deleting;
  if (may_start && !engine_.state(request.uid)) co_await consider(request);
}

std::optional<std::string> OpsManager::running_on(const OpsRequest& request) const {
  for (const auto& [run_id, open] : open_runs_) {
    const bool same = open.space == request.space && open.database == request.database;
    if (same && run_id != request.uid) return open.request;
  }
  return std::nullopt;
}

std::vector<OpsRequest> OpsManager::beside(const OpsRequest& request) const {
  std::vector<OpsRequest> others;
  for (const auto& [key, other] : requests_) {
    const bool has_run = engine_.state(other.uid).has_value();
    if (other.space == request.space && other.uid != request.uid && !has_run && !other.deleting) {
      others.push_back(other);
    }
  }
  return others;
}

asio::awaitable<void> OpsManager::consider(OpsRequest request) {
  std::optional<Json> database;
  if (request.malformed.empty()) {
    Reply reply = co_await client_.get(kinds::mysql, {request.space, request.database});
    if (reply.ok()) database = std::move(reply.body);
  }
  const Decision decision = admit(request, beside(request), running_on(request), database);
  const std::string key = key_of(request.space, request.name);
  const auto seen = requests_.find(key);
  if (seen == requests_.end() || seen->second.uid != request.uid) co_return;  // since deleted
  if (decision.admission == Admission::start) {
    start(request);
    co_return;
  }
  const auto now = std::chrono::time_point_cast<engine::Duration>(std::chrono::system_clock::now());
  const Json status = status_without_run(request, decision, api_time(now));
  // Only a change of what it says: its time would be new every time.
  const bool waits = decision.admission == Admission::wait;
  const Reply live = co_await client_.get(kinds::mysql_ops_request, object_key(key));
  const Json there = live.ok() ? live.body.value("status", Json::object()) : Json::object();
  const Json::json_pointer message("/conditions/0/message");
  if (there.value("phase", "") != status.value("phase", "") ||
      there.value(message, "") != status.value(message, "")) {
    spdlog::info("MySQLOpsRequest {}: {}", key, decision.message);
    co_await publisher_.write_status(object_key(key), request.uid, status);
  }
  if (waits) queue_.add_after(key, options_.look_again);
}

// Who is answerable for the run. Whether to believe the name depends on the webhook, which alone
// writes it where it is installed: it is the daemon that says so.
std::string OpsManager::principal_of(const OpsRequest& request) const {
  if (request.requested_by.empty()) return options_.principal;
  const std::string& who = request.requested_by;
  return options_.principal + " for " + who.substr(0, engine::whole_characters(who, 256));
}

// What the annotations of a request say about the plan that waits. The engine records also a
// decision about another plan; after a drift, and after a restart, the annotation still names the
// former one, so what the log has is not told again.
void OpsManager::decide(const OpsRequest& request, const std::string& run_id,
                        const Projection& run) {
  if (request.approved_plan.empty() && request.denied_plan.empty()) told_.erase(run_id);
  if (run.awaited_plan.empty()) return;
  const bool approve = request.denied_plan.empty() || request.denied_plan != run.awaited_plan;
  const std::string& named = approve ? request.approved_plan : request.denied_plan;
  const std::string telling = named + " of " + run.awaited_plan;
  if (named.empty() || std::exchange(told_[run_id], telling) == telling) return;
  if (named != run.awaited_plan && run.decided_plans.contains(bytes_of(named))) return;
  const char* annotation = approve ? approved_annotation : denied_annotation;
  if (approve && options_.signed_approvals) {
    spdlog::warn("MySQLOpsRequest {}/{}: {} does not count: an approval must be signed",
                 request.space, request.name, annotation);
    return;
  }
  const engine::By by{request.decided_by.empty() ? "somebody" : request.decided_by,
                      std::string("annotation ") + annotation};
  const engine::Refusal refused =
      engine_.decide(run_id, mysql::approve_upgrade.info().name, approve, bytes_of(named), by);
  if (refused) {
    spdlog::warn("MySQLOpsRequest {}/{}: {}: {}", request.space, request.name, annotation,
                 *refused);
  }
}

// Only types that are served are well-formed (k8s/api/request_rules.h).
void OpsManager::start(const OpsRequest& request) {
  const RequestType* type = request_type(request.type);
  if (type == nullptr) throw std::logic_error("nothing serves type " + request.type);
  spdlog::info("MySQLOpsRequest {}/{}: starts ({} of MySQL {}{}{})", request.space, request.name,
               request.type, request.database, request.target_version.empty() ? "" : " to version ",
               request.target_version);
  open_runs_[request.uid] = {request.space, request.database, request.name, false};
  engine_.start(request.uid, type->workflow, type->input(request), principal_of(request));
}

}  // namespace ratchet::k8s
