// A log as text that git keeps: its records and the payloads that moved out of them.
#pragma once

#include <memory>
#include <string>

#include "store/log.h"
#include "store/memory_log.h"

namespace ratchet::engine::testing {

// A line `log ID` in hexadecimal, then `record BYTES` for each and before it `blob BYTES`
// for those that belong to it, in base64.
// Projections are left out: they follow from the records.
std::string to_text(const store::LogReader& log);

// The log that the text describes, with its projections. Throws std::invalid_argument, naming the
// line, or store::Error.
std::shared_ptr<store::MemoryDisk> from_text(const std::string& text);

}  // namespace ratchet::engine::testing
