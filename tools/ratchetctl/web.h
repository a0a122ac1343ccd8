// One HTTP request, and its answer.
#pragma once

#include <chrono>
#include <string>

#include "k8s/http/http.h"

namespace ratchet::ratchetctl {

struct Address {
  k8s::http::Endpoint endpoint;
  std::string path;  // of the URL, without a slash at its end
};

// Of an http or https URL. Throws WrongInput with `example` for anything else.
Address address_of(const std::string& url, const std::string& example);

// Throws std::runtime_error if there is no answer within `deadline`.
k8s::http::Response fetch(const k8s::http::Endpoint& endpoint, k8s::http::Request request,
                          std::chrono::steady_clock::duration deadline);

}  // namespace ratchet::ratchetctl
