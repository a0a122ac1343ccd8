// What programs read: every answer of ratchetctl as a document. Fields are only ever added.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/inspect/approvals.h"
#include "engine/inspect/history.h"
#include "engine/inspect/replay.h"
#include "engine/inspect/timeline.h"
#include "engine/inspect/verify.h"

namespace ratchet::ratchetctl {

using Document = nlohmann::ordered_json;

// `run` and `turn` name the turn that the event belongs to, `place` its place in it.
Document document_of(const std::string& run_id, const engine::RecordedEvent& event);
Document document_of(const engine::RunInfo& run);
Document document_of(const engine::RunInfo& run, const std::vector<engine::TimelineEntry>& open);
Document document_of(const engine::ReplayReport& report);
Document document_of(const engine::VerifyReport& report);
Document document_of(const engine::Approvals& approvals);

void write_json(std::ostream& out, const Document& document);       // indented
void write_json_line(std::ostream& out, const Document& document);  // one line
void write_yaml(std::ostream& out, const Document& document);       // starts with ---

}  // namespace ratchet::ratchetctl
