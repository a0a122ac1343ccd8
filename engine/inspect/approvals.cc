#include "engine/inspect/approvals.h"

#include "engine/core/run.h"
#include "store/checkpoint.h"

namespace ratchet::engine {

void ApprovalReader::see(std::uint64_t index, const Turn& turn) {
  for (const Event& event : turn.events) {
    if (const auto* started = std::get_if<RunStarted>(&event)) {
      run_ids_[turn.run] = started->run_id;
    } else if (const auto* gate = std::get_if<GateOpened>(&event)) {
      asked_[{turn.run, gate->command}] = {run_ids_[turn.run], gate->gate,
                                           store::to_hex(hash_of(*gate))};
    } else if (const auto* decided = std::get_if<GateDecided>(&event)) {
      if (decided->approved) approved(index, turn.run, *decided);
      asked_.erase({turn.run, decided->command});
    }
  }
}

void ApprovalReader::approved(std::uint64_t index, std::uint64_t run, const GateDecided& decided) {
  constexpr std::size_t most_told = 100;
  if (!decided.signature) {
    ++found_.bare;
    return;
  }
  ++found_.with_signature;
  if (approvers_ == nullptr) return;
  const std::optional<std::string> why = why_not(run, decided);
  if (!why) return;
  ++found_.bad;
  if (found_.why.size() == most_told) return;
  const auto id = run_ids_.find(run);
  found_.why.push_back("record " + std::to_string(index) + ", approval in run " +
                       (id == run_ids_.end() ? "of record " + std::to_string(run) : id->second) +
                       ": " + *why);
}

// The payload is the one that the run showed, whatever the decision says of it.
std::optional<std::string> ApprovalReader::why_not(std::uint64_t run,
                                                   const GateDecided& decided) const {
  const auto asked = asked_.find({run, decided.command});
  if (asked == asked_.end()) return "the run waited at no such gate";
  if (asked->second.payload_sha256 != store::to_hex(decided.payload_hash)) {
    return "it names another payload than the run had shown";
  }
  return approvers_->why_not(asked->second, *decided.signature);
}

}  // namespace ratchet::engine
