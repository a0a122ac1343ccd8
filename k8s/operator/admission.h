// Whether a request may start, must wait, or never will: pure functions of JSON. What needs the
// catalogue or the server is decided inside the run, where it is recorded.
// Source of the rules and of quoted texts: KubeDB's API and its ops webhook.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "k8s/client/client.h"
#include "k8s/operator/ops_request.h"

namespace ratchet::k8s {

// Annotations on a MySQLOpsRequest. `approval`, `window` and `evidence` count as they are when its
// run starts, and are refused on a type whose runs have no plan.
inline constexpr const char* approval_annotation = "ratchet.dev/approval";
inline constexpr const char* window_annotation = "ratchet.dev/window";
// "required", or "none": what workflows/mysql/backup_ports.h has.
inline constexpr const char* evidence_annotation = "ratchet.dev/backup-evidence";
inline constexpr const char* approved_annotation = "ratchet.dev/approved-plan";
inline constexpr const char* denied_annotation = "ratchet.dev/denied-plan";
// By the webhook: who set one of the two before.
inline constexpr const char* decider_annotation = "ratchet.dev/decided-by";
// And what the two were then: where the webhook is not asked, who set them later is not known.
inline constexpr const char* decided_on_annotation = "ratchet.dev/decided-on";
inline std::string decided_on(const std::string& approved, const std::string& denied) {
  return approved + "/" + denied;
}

// Never throws: what is wrong with the object is in `malformed`.
OpsRequest read_request(const Json& object);

enum class Admission { start, wait, skip, fail };

struct Decision {
  Admission admission = Admission::start;
  std::string reason;   // CamelCase
  std::string message;  // for people
};

// `others`: the other requests in its namespace. `running`: the name of the request whose run has
// the database, if any. `database`: the MySQL, if there is one.
Decision admit(const OpsRequest& request, const std::vector<OpsRequest>& others,
               const std::optional<std::string>& running, const std::optional<Json>& database);

// The status of a request that has no run.
Json status_without_run(const OpsRequest& request, const Decision& decision,
                        const std::string& now);

}  // namespace ratchet::k8s
