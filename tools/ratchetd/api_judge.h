// Who calls the API, and whether that one may.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/client/client.h"
#include "tools/ratchetd/api_call.h"

namespace ratchet::ratchetd {

struct Wanted {
  std::string verb;  // as the table of routes has it
  std::string run;   // empty: all of them
  std::string path;  // of what is about no run; else empty
};

struct Verdict {
  std::string caller;             // as it is recorded
  std::optional<Answer> refusal;  // 401, 403, or 503 if nobody can tell
};

// The headers are those of the request, names in lower case.
using Headers = std::map<std::string, std::string>;
using Judge = std::function<boost::asio::awaitable<Verdict>(Wanted wanted, const Headers& headers)>;

// For loopback: whoever has the token may do everything. Who that is the header X-Ratchet-User
// claims; it is recorded as local:<that>, so that nobody takes a claim for more.
Judge judge_by_token(std::string token);

// For every other address: the API server says whose bearer token it is (TokenReview) and whether
// that one has the verb on runs of ratchet.dev (SubjectAccessReview), anew for each request: what
// was revoked counts no more. The client must outlive it.
Judge judge_by_cluster(k8s::Client& client);

// 256 random bits. Throws std::runtime_error if there is no entropy.
std::string random_token();

}  // namespace ratchet::ratchetd
