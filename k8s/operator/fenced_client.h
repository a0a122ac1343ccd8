// A client that writes only while a lease is surely ours: the fence around every effect of the ops
// manager. An older process that was stopped or cut off cannot write behind a newer one's back.
#pragma once

#include <chrono>
#include <memory>

#include "k8s/client/client.h"
#include "k8s/client/lease.h"

namespace ratchet::k8s {

class FencedClient final : public Client {
 public:
  // `longest`: how long a write may take until it is surely carried out or not.
  FencedClient(std::shared_ptr<Client> client, const Lease& lease,
               std::chrono::steady_clock::duration longest)
      : client_(std::move(client)), lease_(lease), longest_(longest) {}

  boost::asio::awaitable<Reply> get(Resource resource, Key key) override;
  boost::asio::awaitable<Reply> list(Resource resource, std::string space,
                                     ListOptions options) override;
  // These throw ApiError (0) without sending anything when the lease is not held long enough.
  boost::asio::awaitable<Reply> create(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> update(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> update_status(Resource resource, Json object) override;
  boost::asio::awaitable<Reply> merge_patch(Resource resource, Key key, Json patch) override;
  boost::asio::awaitable<Reply> remove(Resource resource, Key key, Preconditions only_if,
                                       Propagation propagation) override;

 private:
  Client& writer() const;

  std::shared_ptr<Client> client_;
  const Lease& lease_;
  std::chrono::steady_clock::duration longest_;
};

}  // namespace ratchet::k8s
