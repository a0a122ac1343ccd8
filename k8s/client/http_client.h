// The Kubernetes API over HTTP: the Client of production.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "k8s/client/client.h"
#include "k8s/client/kubeconfig.h"
#include "k8s/http/http.h"

namespace ratchet::k8s {

struct ClientOptions {
  std::string field_manager = "ratchet";
  std::string user_agent = "ratchet";
  std::chrono::steady_clock::duration deadline = std::chrono::seconds(10);   // of each request
  std::chrono::steady_clock::duration token_age = std::chrono::seconds(60);  // then read again
};

struct WatchQuery {
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;
  std::chrono::seconds timeout{300};  // after which the server ends the stream
};

// An open watch, or the server's refusal; `lines` is null in the second case.
struct WatchReply {
  Reply refusal;
  std::unique_ptr<http::LineStream> lines;
};

// Everything runs on `executor`; not thread-safe. Calls under way may outlive the client and can
// be cancelled (asio's terminal cancellation), after which a write's effect is unknown.
class HttpClient final : public Client {
 public:
  // Throws std::runtime_error if the certificates in `access` are unusable.
  HttpClient(const boost::asio::any_io_executor& executor, Access access,
             ClientOptions options = {});
  ~HttpClient() override;

  boost::asio::awaitable<Reply> get(Resource resource, Key key) override;
  // A page that has expired (410) is followed by one attempt without pages.
  boost::asio::awaitable<Reply> list(Resource resource, std::string space,
                                     ListOptions options) override;
  boost::asio::awaitable<Reply> create(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> update(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> update_status(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> merge_patch(Resource resource, Key key, Json patch) override;
  boost::asio::awaitable<Reply> remove(Resource resource, Key key, Preconditions only_if,
                                       Propagation propagation) override;

  // Bookmarks are asked for. Refusals are as in Reply; others throw ApiError.
  boost::asio::awaitable<WatchReply> open_watch(Resource resource, std::string space,
                                                WatchQuery query);

  // The namespace of the kubeconfig's context.
  const std::string& default_space() const;
  boost::asio::any_io_executor executor() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ratchet::k8s
