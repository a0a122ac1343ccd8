// A case's crash matrix in every way in which a run may be executed.
#pragma once

#include "engine/testing/crash_matrix.h"

namespace ratchet::engine::testing {

// Whether the order in which activities of different runs answer shows in what is recorded.
enum class AnswerOrder { hidden, shown };

// Stops the case after every append, before and after every activity, and at every two of these.
// Then with one stop only, and activities that answer later: with its runs in memory; with runs
// that are evicted at every await, whose histories must be the same; and with answers whose order a
// seed draws, whose histories must have the same events if that order is hidden. Every way must
// come to the same end, which is the report's; other ends fail the test. Its logs are in memory.
CrashReport in_every_way(CrashCase crash_case, AnswerOrder order = AnswerOrder::hidden);

// The same ways without a stop, for long cases whose crash matrix is run by itself.
void must_not_depend_on_the_way(const CrashCase& crash_case,
                                AnswerOrder order = AnswerOrder::shown);

}  // namespace ratchet::engine::testing
