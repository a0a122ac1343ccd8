#include "workflows/mysql/move_primary.h"

#include "workflows/mysql/group_inputs.h"

namespace ratchet::mysql {

using engine::attempt;
using engine::Failure;
using engine::Outcome;
using engine::StepFailure;
using engine::Task;
using engine::Workflow;

namespace {

Task<> move_and_prove(Workflow wf, Upgrade upgrade, SwitchPrimary moved) {
  co_await wf.step(moved.term() == 0 ? switch_primary : hand_over_primary, moved);
  co_await wf.step(prove_switch, the_proof(upgrade, moved, wf.now()));
}

}  // namespace

bool was_replaced(const Failure& failure) {
  return failure.code == "gone" || failure.code == "deleted_by_other";
}

Task<bool> move_primary(Workflow wf, Upgrade upgrade, SwitchPrimary moved) {
  const Outcome<void> made = co_await attempt(move_and_prove(wf, upgrade, moved));
  if (made.ok()) co_return true;
  if (moved.term() == 0) throw StepFailure(*made.failed);
  co_await wf.shielded().step(withdraw_hand_over, moved);
  const bool surprised = made.failed->code == other_term_code || was_replaced(*made.failed);
  if (!surprised) throw StepFailure(*made.failed);
  co_return false;
}

}  // namespace ratchet::mysql
