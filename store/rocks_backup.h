// A backup of a log while it is written: one state of it, whole, in a folder of its own.
#pragma once

#include <chrono>
#include <string>

#include "store/log.h"

namespace ratchet::store {

// Makes `to`, which must not exist (its parent must), a log with all that the log in `from` durably
// holds at one moment: records, payloads, leaf hashes, projections. Reads beside a writer and holds
// it up in nothing; `from` is not changed. What is unsynced when the copying begins is waited for,
// but no longer than `patience`. Compares the copy's root with its head before it returns that
// head; when it throws, `to` is gone again. A crash half-way leaves a folder that does not open.
// Throws Error: not_a_log; corrupt if `from` is damaged; io if `to` exists or cannot be written, or
// if what is in the files does not become durable: the writer died, and only the next one settles
// what counts.
Head back_up_rocks_log(const std::string& from, const std::string& to,
                       std::chrono::milliseconds patience = std::chrono::seconds{10});

}  // namespace ratchet::store
