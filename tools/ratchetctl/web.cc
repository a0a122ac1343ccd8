#include "tools/ratchetctl/web.h"

#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "tools/ratchetctl/source.h"

namespace ratchet::ratchetctl {

namespace http = k8s::http;

namespace {

boost::asio::awaitable<void> fetch_into(http::Client& client, http::Request request,
                                        std::chrono::steady_clock::duration deadline,
                                        http::Response& response) {
  response = co_await client.fetch(std::move(request), deadline);
}

}  // namespace

Address address_of(const std::string& text, const std::string& example) {
  const auto url = boost::urls::parse_uri(text);
  if (!url || url->host().empty() || (url->scheme() != "https" && url->scheme() != "http")) {
    throw WrongInput("'" + text + "' is no URL such as " + example);
  }
  Address address;
  const bool secure = url->scheme() == "https";
  address.endpoint.host = url->host_address();
  address.endpoint.port = url->has_port() ? url->port_number() : (secure ? 443 : 80);
  if (secure) address.endpoint.tls.emplace();
  address.path = std::string(url->encoded_path());
  if (address.path.ends_with("/")) address.path.pop_back();
  return address;
}

http::Response fetch(const http::Endpoint& endpoint, http::Request request,
                     std::chrono::steady_clock::duration deadline) {
  boost::asio::io_context io;
  http::Client client(io.get_executor(), endpoint);
  http::Response response;
  std::exception_ptr failed;
  boost::asio::co_spawn(io, fetch_into(client, std::move(request), deadline, response),
                        [&](const std::exception_ptr& error) { failed = error; });
  io.run();
  if (failed) std::rethrow_exception(failed);
  return response;
}

}  // namespace ratchet::ratchetctl
