#include "k8s/operator/fenced_client.h"

#include <utility>

namespace ratchet::k8s {

namespace asio = boost::asio;

Client& FencedClient::writer() const {
  if (!lease_.held(longest_)) {
    throw ApiError(0, "the Lease is not surely ours: nothing is written");
  }
  return *client_;
}

asio::awaitable<Reply> FencedClient::get(Resource resource, Key key) {
  co_return co_await client_->get(std::move(resource), std::move(key));
}

asio::awaitable<Reply> FencedClient::list(Resource resource, std::string space,
                                          ListOptions options) {
  co_return co_await client_->list(std::move(resource), std::move(space), std::move(options));
}

asio::awaitable<Reply> FencedClient::create(Resource resource, Json object) {
  co_return co_await writer().create(std::move(resource), std::move(object));
}

asio::awaitable<Reply> FencedClient::update(Resource resource, Json object) {
  co_return co_await writer().update(std::move(resource), std::move(object));
}

asio::awaitable<Reply> FencedClient::update_status(Resource resource, Json object) {
  co_return co_await writer().update_status(std::move(resource), std::move(object));
}

asio::awaitable<Reply> FencedClient::merge_patch(Resource resource, Key key, Json patch) {
  co_return co_await writer().merge_patch(std::move(resource), std::move(key), std::move(patch));
}

asio::awaitable<Reply> FencedClient::remove(Resource resource, Key key, Preconditions only_if,
                                            Propagation propagation) {
  co_return co_await writer().remove(std::move(resource), std::move(key), std::move(only_if),
                                     propagation);
}

}  // namespace ratchet::k8s
