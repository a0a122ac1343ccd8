// The plan of an upgrade: made of one look, recorded, shown, hashed, approved. Pure.
#pragma once

#include <string>

#include "workflows/mysql/plan.pb.h"

namespace ratchet::mysql {

// The same look gives the same plan to the byte: findings about the moment are left out, the others
// are sorted, and estimates are round numbers.
Plan plan_of(const MakePlan& in);

// SHA-256 of the plan's bytes, in lower-case hex: what an approval names.
std::string plan_hash(const Plan& plan);

// Whether the state that `approved` was made of is still the one that `now` was made of. The
// estimate may differ.
bool same_ground(const Plan& approved, const Plan& now);

// All blocking findings of a look as one text; empty if there are none.
std::string blocking_text(const Sight& sight);

// A few lines for an Event: hash, estimate, point of no return, findings.
std::string short_text(const Plan& plan);

// For the condition that `kubectl describe` shows: the same and the steps, with what is too long
// cut off.
std::string shown_text(const Plan& plan);

}  // namespace ratchet::mysql
