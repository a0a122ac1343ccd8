#include "tools/ratchetctl/rehearse.h"

#include <filesystem>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "k8s/adapters/pod_sql.h"
#include "k8s/client/http_client.h"
#include "k8s/operator/dry_run.h"
#include "tools/ratchetctl/ctl.h"
#include "tools/ratchetctl/daemon.h"
#include "tools/ratchetctl/source.h"

namespace ratchet::ratchetctl {

namespace {

k8s::Access access_of(const Intent& intent) {
  std::optional<std::filesystem::path> file;
  if (!intent.kubeconfig.empty()) file = intent.kubeconfig;
  try {
    return k8s::find_access(file);
  } catch (const std::runtime_error& error) {
    throw WrongInput(error.what());
  }
}

k8s::OpsRequest request_of(const Intent& intent, const std::string& default_space) {
  const auto slash = intent.database.find('/');
  if (slash == std::string::npos) {
    return k8s::request_for(default_space, intent.database, intent.target, intent.window);
  }
  return k8s::request_for(intent.database.substr(0, slash), intent.database.substr(slash + 1),
                          intent.target, intent.window);
}

int exit_of(const k8s::DryRun& tried) {
  if (!tried.failure) return Exit::well;
  if (tried.failure->code == k8s::too_long_code) return Exit::timed_out;
  return tried.failure->code == k8s::unavailable_code ? Exit::no_daemon : Exit::refused;
}

}  // namespace

Rehearsal rehearse_upgrade(const Intent& intent) {
  boost::asio::io_context io{1};  // the last to go
  k8s::ClientOptions how;
  how.field_manager = "ratchetctl";
  how.user_agent = "ratchetctl";
  k8s::HttpClient client(io.get_executor(), access_of(intent), how);
  try {
    k8s::DryRun tried = k8s::dry_run(io, client, k8s::make_pod_sql(client),
                                     request_of(intent, client.default_space()), intent.within);
    const int exit = exit_of(tried);
    return {.log = std::move(tried.log),
            .run_id = std::move(tried.run_id),
            .stopped_before = std::move(tried.stopped_before),
            .failure = std::move(tried.failure),
            .waits = std::move(tried.waits),
            .exit = exit};
  } catch (const k8s::ApiError& error) {
    if (error.code() == 401 || error.code() == 403) throw NotAllowed(error.what());
    throw NoDaemon(error.what());
  }
}

}  // namespace ratchet::ratchetctl
