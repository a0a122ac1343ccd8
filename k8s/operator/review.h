// Answers to the API server's questions whether an object may be written (admission.k8s.io/v1). The
// rules are those of k8s/api; what they need of the cluster is looked up here.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/api/finding.h"
#include "k8s/client/client.h"

namespace ratchet::k8s {

// Annotation on a MySQLOpsRequest: the user who created it, as the API server knew them.
inline constexpr const char* requester_annotation = "ratchet.dev/requested-by";

// What was sent is no AdmissionReview, or nobody answers at that path.
class BadReview : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ReviewOptions {
  // The user whose edits of spec.version are steps of an operation.
  std::string ops_manager;
  // For groups that have no name; nothing: they stay without.
  std::function<std::string()> new_uuid;
};

class Reviewer {
 public:
  // The client must outlive it.
  Reviewer(Client& client, ReviewOptions options) : client_(client), options_(std::move(options)) {}

  // The AdmissionReview that answers `review`, which came to the URL's `path`. Throws BadReview;
  // ApiError if the cluster cannot be asked about a MySQLOpsRequest.
  boost::asio::awaitable<Json> answer(std::string path, Json review);

 private:
  boost::asio::awaitable<Json> decide(std::string path, Json request);
  boost::asio::awaitable<Json> validate_database(Json request);
  // What a MySQL names in the cluster, as far as an edit of `before` (null: none) names it anew.
  boost::asio::awaitable<api::Findings> look_up(Json object, Json before);
  boost::asio::awaitable<Json> validate_request(Json request);
  // Why the MySQL cannot get to the version that the request asks for; empty if it can. The run
  // decides it again, from what it then finds, and records that.
  boost::asio::awaitable<std::string> blocked(Json request, Json found);

  Client& client_;
  ReviewOptions options_;
};

}  // namespace ratchet::k8s
