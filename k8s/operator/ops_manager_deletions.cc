// What the ops manager does when somebody deletes a request, or its MySQL, while its run is open:
// it cancels the run, which ends at a safe point. See workflows/mysql for where that is heard.
#include <spdlog/spdlog.h>

#include "engine/inspect/history.h"
#include "k8s/client/kinds.h"
#include "k8s/operator/ops_manager.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

// The object is not there, is about to go, or is not the one with this uid (empty: any).
bool is_deleted(const Reply& reply, const std::string& uid) {
  if (!reply.ok()) return reply.not_found();
  const Json& metadata = reply.body.at("metadata");
  if (metadata.contains("deletionTimestamp")) return true;
  return !uid.empty() && metadata.value("uid", "") != uid;
}

}  // namespace

void OpsManager::doubt(
    const std::function<bool(const std::string& run_id, const OpenRun& open)>& which) {
  for (auto& [run_id, open] : open_runs_) {
    if (open.ending || !which(run_id, open)) continue;
    open.doubted = true;
    queue_.add(open.space + "/" + open.request);
  }
}

void OpsManager::saw_database(const Event& event) {
  const Json& metadata = event.object.at("metadata");
  const bool going = event.type == Event::Type::deleted || metadata.contains("deletionTimestamp");
  if (!going) return;
  const std::string space = metadata.value("namespace", "");
  const std::string name = metadata.value("name", "");
  doubt([&](const std::string&, const OpenRun& open) {
    return open.space == space && open.database == name;
  });
}

// A watch may be late, and tells nothing of what was deleted while nobody watched: the API server
// is asked what is there. Once for each doubt, so a run costs nothing while nobody deletes
// anything.
asio::awaitable<void> OpsManager::end_runs_of_deleted(std::string key) {
  std::vector<std::string> doubted;
  for (const auto& [run_id, open] : open_runs_) {
    if (open.doubted && open.space + "/" + open.request == key) doubted.push_back(run_id);
  }
  for (const std::string& run_id : doubted) co_await end_if_deleted(run_id);
}

asio::awaitable<void> OpsManager::end_if_deleted(std::string run_id) {
  const auto open = open_runs_.find(run_id);
  if (open == open_runs_.end()) co_return;
  open->second.doubted = false;
  std::string what;
  try {
    what = co_await what_was_deleted(run_id, open->second);
  } catch (...) {
    const auto again = open_runs_.find(run_id);
    if (again != open_runs_.end()) again->second.doubted = true;
    throw;
  }
  const auto still = open_runs_.find(run_id);
  if (what.empty() || still == open_runs_.end()) co_return;
  still->second.ending = true;
  still->second.doubted = false;
  // Refused: it was asked to end before, by a person or by an earlier process.
  const auto refused = engine_.cancel(run_id, {options_.principal, what + " was deleted"});
  spdlog::info("{} was deleted: run {} {}", what, run_id, refused ? *refused : "is cancelled");
}

// Empty: nothing was.
asio::awaitable<std::string> OpsManager::what_was_deleted(std::string run_id, OpenRun open) {
  const Reply request =
      co_await client_.get(kinds::mysql_ops_request, Key{open.space, open.request});
  if (is_deleted(request, engine::first_run_id(run_id))) {
    co_return "MySQLOpsRequest " + open.space + "/" + open.request;
  }
  const auto run = engine::find_run(log_, run_id);
  const std::string uid =
      run ? project(engine::read_history(log_, run->run)).database_uid : std::string();
  const Reply database = co_await client_.get(kinds::mysql, Key{open.space, open.database});
  if (is_deleted(database, uid)) co_return "MySQL " + open.space + "/" + open.database;
  co_return "";
}

}  // namespace ratchet::k8s
