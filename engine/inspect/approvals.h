// Who approved with a signature, as records say, and whether it is one. A recorded signature was
// good when the engine took it, says whoever wrote the log: it is believed after a check only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/approval.h"
#include "engine/core/event.h"

namespace ratchet::engine {

struct Approvals {
  std::uint64_t bare = 0;  // approvals without a signature
  std::uint64_t with_signature = 0;
  bool checked = false;            // the signatures, by the keys of approvers
  std::uint64_t bad = 0;           // of them: those that do not hold
  std::vector<std::string> why{};  // not, of the first 100
};

// Collects them from turns. Single-threaded.
class ApprovalReader {
 public:
  // Null: signatures are counted, none is checked. Else it must outlive this.
  explicit ApprovalReader(const Approvers* approvers) : approvers_(approvers) {
    found_.checked = approvers != nullptr;
  }

  // The next turn of a run; of each run the first turn first. `index`: of its record.
  void see(std::uint64_t index, const Turn& turn);
  const Approvals& found() const { return found_; }

 private:
  void approved(std::uint64_t index, std::uint64_t run, const GateDecided& decided);
  std::optional<std::string> why_not(std::uint64_t run, const GateDecided& decided) const;

  const Approvers* approvers_;
  Approvals found_;
  std::map<std::uint64_t, std::string> run_ids_;
  // What a run asked at a gate, by the run and the gate's command.
  std::map<std::pair<std::uint64_t, CommandId>, Approval> asked_;
};

}  // namespace ratchet::engine
