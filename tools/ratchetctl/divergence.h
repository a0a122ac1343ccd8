// Where code and record part, as two columns.
#pragma once

#include "engine/core/run.h"
#include "tools/ratchetctl/ctl.h"
#include "tools/ratchetctl/documents.h"

namespace ratchet::ratchetctl {

// What was recorded beside what this build gives, field by field.
void print_divergence(const engine::Divergence& parted, const Streams& streams);

Document document_of(const engine::Divergence& parted);

}  // namespace ratchet::ratchetctl
