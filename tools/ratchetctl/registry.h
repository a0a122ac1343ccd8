// The workflows that this ratchetctl can replay. The one place to add another plug-in's.
#pragma once

#include "engine/core/workflow.h"

namespace ratchet::ratchetctl {

engine::Registry linked_workflows();

}  // namespace ratchet::ratchetctl
