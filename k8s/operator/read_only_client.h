// A client that reads, and refuses to write: the second lock on a dry run, behind the effects that
// activities declare. It finds a handler that writes although its activity says that it reads.
#pragma once

#include "k8s/client/client.h"

namespace ratchet::k8s {

class ReadOnlyClient final : public Client {
 public:
  // The client must outlive it.
  explicit ReadOnlyClient(Client& client) : client_(client) {}

  boost::asio::awaitable<Reply> get(Resource resource, Key key) override;
  boost::asio::awaitable<Reply> list(Resource resource, std::string space,
                                     ListOptions options) override;
  // These throw ApiError (403) without sending anything.
  boost::asio::awaitable<Reply> create(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> update(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> update_status(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> merge_patch(Resource resource, Key key, Json patch) override;
  boost::asio::awaitable<Reply> remove(Resource resource, Key key, Preconditions only_if,
                                       Propagation propagation) override;

 private:
  Client& client_;
};

}  // namespace ratchet::k8s
