// k8s::Client straight on an ApiServer: no sockets, no threads, no time of its own. For
// simulations; faults of the server arrive as they would over the network.
#pragma once

#include "k8s/client/client.h"
#include "k8s/embedded/api_server.h"

namespace ratchet::k8s::embedded {

class InProcessClient : public Client {
 public:
  // The server must outlive the client and run on the same thread. Each call suspends once, so
  // that others run in between, as they would during a real one.
  InProcessClient(ApiServer& server, std::string user) : server_(server), user_(std::move(user)) {}

  boost::asio::awaitable<Reply> get(Resource resource, Key key) override;
  boost::asio::awaitable<Reply> list(Resource resource, std::string space,
                                     ListOptions options) override;
  boost::asio::awaitable<Reply> create(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> update(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> update_status(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> merge_patch(Resource resource, Key key, Json patch) override;
  boost::asio::awaitable<Reply> remove(Resource resource, Key key, Preconditions only_if,
                                       Propagation propagation) override;

 private:
  Call call_of(Verb verb, const Resource& resource, const std::string& space,
               const std::string& name) const;
  // Throws ApiError as Client says: `code` 0 if a fault swallowed the answer.
  boost::asio::awaitable<Reply> send(Call call);

  ApiServer& server_;
  std::string user_;
};

}  // namespace ratchet::k8s::embedded
