#include "k8s/operator/projection_words.h"

#include "workflows/mysql/new_set_ports.h"

namespace ratchet::k8s {

void put_name(std::string& text, const std::string& mark, const std::string& name) {
  const auto at = text.find(mark);
  if (at != std::string::npos) text.replace(at, mark.size(), name);
}

std::string how_to_approve(const Projection& shown, const std::string& run_id,
                           bool signed_approvals) {
  if (signed_approvals) {
    return "waits for a signed approval of plan " + shown.awaited_plan + ": ratchetctl approve " +
           run_id + " --to-sign FILE shows how; the annotation ratchet.dev/approved-plan " +
           "does not count here (ratchet.dev/denied-plan refuses the plan)";
  }
  return "waits for an approval of plan " + shown.awaited_plan + ": kubectl annotate -n " +
         shown.space + " mysqlopsrequest " + shown.request +
         " --overwrite ratchet.dev/approved-plan=" + shown.awaited_plan +
         " (ratchet.dev/denied-plan to refuse it)";
}

std::string claim_is_kept(const std::string& space, const engine::Bytes& input) {
  mysql::RetainClaim claim;
  claim.ParseFromString(input);
  return "Claim " + space + "/" + claim.claim() + " is kept until " +
         api_time(engine::Time{engine::Duration{claim.until_us()}});
}

}  // namespace ratchet::k8s
