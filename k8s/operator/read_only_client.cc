#include "k8s/operator/read_only_client.h"

#include <utility>

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

[[noreturn]] Reply refuse(const std::string& verb, const Resource& resource) {
  throw ApiError(403,
                 "a dry run writes nothing: " + verb + " of " + resource.plural + " was not sent");
}

}  // namespace

asio::awaitable<Reply> ReadOnlyClient::get(Resource resource, Key key) {
  co_return co_await client_.get(std::move(resource), std::move(key));
}

asio::awaitable<Reply> ReadOnlyClient::list(Resource resource, std::string space,
                                            ListOptions options) {
  co_return co_await client_.list(std::move(resource), std::move(space), std::move(options));
}

asio::awaitable<Reply> ReadOnlyClient::create(Resource resource, Json) {
  co_return refuse("create", resource);
}

asio::awaitable<Reply> ReadOnlyClient::update(Resource resource, Json) {
  co_return refuse("update", resource);
}

asio::awaitable<Reply> ReadOnlyClient::update_status(Resource resource, Json) {
  co_return refuse("update of the status", resource);
}

asio::awaitable<Reply> ReadOnlyClient::merge_patch(Resource resource, Key, Json) {
  co_return refuse("patch", resource);
}

asio::awaitable<Reply> ReadOnlyClient::remove(Resource resource, Key, Preconditions, Propagation) {
  co_return refuse("delete", resource);
}

}  // namespace ratchet::k8s
