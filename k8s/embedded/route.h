// From an HTTP request to a call on the API server.
#pragma once

#include <optional>
#include <string>

#include "k8s/embedded/call.h"
#include "k8s/http/http.h"

namespace ratchet::k8s::embedded {

struct Route {
  std::string path;                             // decoded, without the query
  std::optional<Call> call;                     // nothing: no path of an object or a collection
  bool table = false;                           // the client asked for a Table
  bool whole_rows = false;                      // … with whole objects in its rows
  std::optional<std::int64_t> timeout_seconds;  // of a watch
};

// Throws Refusal: 400 for a target or body that cannot be read, 405 for an unknown method, 415
// for a body of a type that is not taken here.
Route route_of(const http::Request& request);

}  // namespace ratchet::k8s::embedded
