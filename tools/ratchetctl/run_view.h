// One run as `show` and the daemon's API tell it: where it stands and why, every step with its time
// and attempts, what waits for a person, who acted on it.
#pragma once

#include <optional>
#include <vector>

#include "engine/inspect/explain.h"
#include "engine/inspect/phases.h"
#include "engine/inspect/waiting.h"
#include "tools/ratchetctl/documents.h"

namespace ratchet::ratchetctl {

struct RunView {
  engine::RunInfo run;
  std::vector<engine::RecordedEvent> events;
  std::vector<engine::TimelineEntry> entries;
  engine::StepWaits waits;  // of open steps
  engine::Explanation explanation;
  std::optional<engine::Phase> phase;  // that it is in, or ended in; none: it has taken no step
};

// `workflows`: by whose policies it is said until when steps are waited for; null: that is not
// said. Throws store::Error if a record cannot be read.
RunView view_of(const store::LogReader& log, engine::RunInfo run,
                const engine::Registry* workflows = nullptr);

// Its end, or now.
engine::Time until(const engine::RunInfo& run);

Document document_of(const engine::Explanation& explanation);
// Its "gates" are the open ones, each with the payload that it asks about and the hash to answer.
Document document_of(const RunView& view);

}  // namespace ratchet::ratchetctl
