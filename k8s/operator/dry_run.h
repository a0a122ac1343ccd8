// What a MySQLOpsRequest would come to, with none applied: the workflow's own code on a log in
// memory, with the handlers that look at the live cluster and its servers. Whatever writes is
// refused, by the effect that its activity declares and once more by the client.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "engine/core/event.h"
#include "engine/runtime/handlers.h"
#include "k8s/adapters/steps.h"
#include "k8s/client/client.h"
#include "k8s/operator/admission.h"
#include "store/log.h"

namespace ratchet::k8s {

// The code of the failure of a dry run that took too long.
inline constexpr const char* too_long_code = "too_long";

struct DryRun {
  // With one run in it; null: none was begun, and `failure` says why.
  std::unique_ptr<store::LogReader> log;
  std::string run_id;
  // What the run would do or wait for next: a step that writes, a gate, a timer. Empty: it ended.
  std::string stopped_before;
  // What the request would fail with. unavailable_code and too_long_code: not known, as something
  // could not be looked at.
  std::optional<engine::Failure> failure;
  // What a request would wait for before its run begins; empty: nothing.
  std::string waits;
};

// A request for another version of `space`/`database`, as a manifest would make it.
OpsRequest request_for(const std::string& space, const std::string& database,
                       const std::string& target, const std::string& window = "");

// All handlers of the upgrade, fit for a dry run: those that write refuse, those that read give up
// after a few attempts. The environment must outlive them.
engine::Handlers dry_run_handlers(const Environment& environment);

// Runs `io`, which nobody else runs meanwhile, until the run of the request would write or wait for
// somebody, ends, or `within` has passed. `io` is only to be destroyed afterwards: what did not
// answer in time refers to what is gone. Throws ApiError if the MySQL cannot be read.
DryRun dry_run(boost::asio::io_context& io, Client& client, Sql sql, const OpsRequest& request,
               std::chrono::milliseconds within);

}  // namespace ratchet::k8s
