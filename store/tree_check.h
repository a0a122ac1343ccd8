// The comparison that opening a log and its anchor leave out, as it reads everything: of the
// records with the tree that was made of them.
#pragma once

#include <functional>

#include "store/log.h"

namespace ratchet::store {

// Computes the hashes of all full subtrees of 256 records, and the root, from what is durable now;
// the log may be written meanwhile. Keeps a few hashes only. `goes_on` is asked after each record;
// false ends the check without a finding.
// Throws Fault::corrupt, naming the records among which the first changed one is, if a hash is not
// the stored one.
void check_tree(const LogReader& log, const std::function<bool()>& goes_on);

}  // namespace ratchet::store
