#include "tools/ratchetd/api_role.h"

#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "tools/ratchetctl/api_file.h"
#include "tools/ratchetd/daemon.h"

namespace ratchet::ratchetd {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds renew_every{10};

std::string url_of(const std::string& address, std::uint16_t port, bool secure) {
  const bool v6 = address.find(':') != std::string::npos;
  return (secure ? "https://" : "http://") + (v6 ? "[" + address + "]" : address) + ":" +
         std::to_string(port);
}

}  // namespace

ApiRole::ApiRole(Process& process, engine::Engine& engine, const store::Log& log,
                 const engine::Registry& workflows,
                 std::function<std::vector<engine::Time>()> fence_ends)
    : process_(process),
      loopback_(asio::ip::make_address(process.options.api_address).is_loopback()),
      tick_(process.io) {
  const Options& given = process.options;
  ApiOptions options;
  options.address = given.api_address;
  options.port = given.api_port;
  options.version = RATCHET_VERSION;
  options.folder = given.log;
  options.fence_ends = std::move(fence_ends);
  try {
    if (!given.api_certificate.empty()) {
      files_.emplace(given.api_certificate, given.api_key);
      options.tls = files_->tls();
    }
    const std::string token = random_token();
    Judge judge = loopback_ ? judge_by_token(token) : judge_by_cluster(*process.client);
    api_ = std::make_unique<Api>(process.io.get_executor(), engine, log, workflows,
                                 std::move(judge), options);
    const std::string url = url_of(given.api_address, api_->port(), files_.has_value());
    if (loopback_) ratchetctl::write_api_file(given.log, {url, token});
    spdlog::info("api: listens on {}", url);
  } catch (const std::runtime_error& error) {
    throw BadSetup(std::string("api: ") + error.what());
  }
}

// However the process ends, the log is still its own here.
ApiRole::~ApiRole() {
  if (loopback_) ratchetctl::remove_api_file(process_.options.log);
}

asio::awaitable<void> ApiRole::run() {
  if (files_) process_.spawn(renew());
  co_await api_->run();
}

asio::awaitable<void> ApiRole::renew() {
  while (!stopped_) {
    tick_.expires_after(renew_every);
    boost::system::error_code woken;
    co_await tick_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (!stopped_) refresh();
  }
}

void ApiRole::refresh() {
  try {
    if (!files_->refresh()) return;
    api_->use(files_->tls());
    spdlog::info("api: has a new certificate");
  } catch (const std::exception& error) {
    spdlog::warn("api: keeps its certificate: {}", error.what());
  }
}

void ApiRole::stop() {
  stopped_ = true;
  tick_.cancel();
  api_->stop();
}

}  // namespace ratchet::ratchetd
