// The three ways to change an object in part.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "k8s/embedded/kinds.h"

namespace ratchet::k8s::embedded {

enum class PatchType { merge, strategic, json };

// `object` with the patch applied. Throws Refusal: 400 if the patch has not the form of its type,
// 415 for a strategic one on a custom kind, 422 if a JSON patch cannot be applied.
Json patched(const Kind& kind, PatchType type, const Json& object, const Json& patch);

}  // namespace ratchet::k8s::embedded
