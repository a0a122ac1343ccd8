// `kubectl get` asks the server to print: an object or a list as a meta.k8s.io/v1 Table.
#pragma once

#include <chrono>
#include <string>

#include "k8s/embedded/kinds.h"

namespace ratchet::k8s::embedded {

// `answer` is an object of the kind, or a list of them. Ages are relative to `now`. Rows carry the
// objects' metadata, or with `whole` the objects.
Json as_table(const Kind& kind, const std::string& version, const Json& answer,
              std::chrono::system_clock::time_point now, bool whole);

}  // namespace ratchet::k8s::embedded
