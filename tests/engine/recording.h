// Recorded travel runs: what inspection is tested on. Virtual time makes them the same in every
// run of a test, byte for byte if the log's id is given.
#pragma once

#include <memory>
#include <string>

#include "tests/engine/process.h"
#include "tests/engine/travel.h"

namespace ratchet::engine::testing {

inline constexpr const char* lisbon = "a1b2c3d4-lisbon";

// A run that saw much: its first attempt failed, its process died when the hotel was booked but
// not yet recorded, and the next process found that out and finished.
void record_lisbon(Outside& outside);

// A run that waits for its approval in the process that is returned.
std::unique_ptr<Process> wait_for_approval(Outside& outside, Ledger& ledger,
                                           const std::string& run_id);

// Reads what was recorded. One at a time, while no other process has the disk.
std::unique_ptr<store::LogReader> reader_of(const Outside& outside);

}  // namespace ratchet::engine::testing
