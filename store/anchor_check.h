// The comparison with a head kept outside the log: no checksum inside notices that a log as a whole
// went back in time, or that its write-ahead log is gone.
#pragma once

#include "store/log.h"

namespace ratchet::store {

// Throws Fault::corrupt unless `log` is the log of `anchor` and has its first anchor.size records.
// Reads at most 255 hashes a level: records inside stored subtrees are not read again.
void check_extends(const LogReader& log, const Head& anchor);

}  // namespace ratchet::store
