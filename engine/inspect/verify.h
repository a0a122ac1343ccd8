// Is the record whole? Every record decoded, the tree recomputed, turns gapless, projections equal
// to what the records say, and the log an extension of its anchor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/approval.h"
#include "engine/inspect/approvals.h"
#include "engine/inspect/progress.h"
#include "store/log.h"

namespace ratchet::engine {

struct VerifyReport {
  std::uint64_t records = 0;
  std::uint64_t pruned = 0;  // of them: only the leaf hash is there
  std::uint64_t runs = 0;
  std::uint64_t events = 0;
  store::Head head;                   // as the log has it
  std::vector<std::string> problems;  // empty: the log is whole; 100 at most
  Approvals approvals;                // a bad signature is no problem of the log
  bool ok() const { return problems.empty(); }
};

// Reads everything once. Damage is reported, not thrown. `anchor`: a head that the log must
// extend, from outside of it. `approvers`: by whose keys recorded signatures are checked; null:
// they are not.
VerifyReport verify(const store::LogReader& log,
                    const std::optional<store::Head>& anchor = std::nullopt,
                    const Approvers* approvers = nullptr, const Progress& progress = {});

}  // namespace ratchet::engine
