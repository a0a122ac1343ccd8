// A log as text that git keeps: its records and the payloads that moved out of them.
#pragma once

#include <memory>
#include <string>

#include "store/log.h"
#include "store/memory_log.h"

namespace ratchet::engine::testing {

// A line `log ID` in hexadecimal; `record BYTES` for each and before it `blob BYTES` for those that
// belong to it, in base64; at the end `root HASH` of the tree over the records. Projections are
// left out: they follow from the records.
std::string to_text(const store::LogReader& log);

// The log that the text describes, with its list of runs and its definitions. Throws store::Error,
// std::invalid_argument for a line that is none, or a tree with another root.
std::shared_ptr<store::MemoryDisk> from_text(const std::string& text);

}  // namespace ratchet::engine::testing
