// What the texts of a projection (projection.h) are made of.
#pragma once

#include <string>

#include "engine/core/event.h"
#include "k8s/operator/projection.h"

namespace ratchet::k8s {

// Puts the name where the mark is in the text, if it is in it.
void put_name(std::string& text, const std::string& mark, const std::string& name);

// `shown`: waits for an approval. `signed_approvals`: as for `project`.
std::string how_to_approve(const Projection& shown, const std::string& run_id,
                           bool signed_approvals);

// `input`: of the activity retain_claim.
std::string claim_is_kept(const std::string& space, const engine::Bytes& input);

}  // namespace ratchet::k8s
