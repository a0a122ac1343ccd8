#include <spdlog/spdlog.h>

#include "k8s/operator/webhook.h"
#include "tools/ratchetd/daemon.h"
#include "tools/ratchetd/roles.h"

namespace ratchet::ratchetd {

namespace asio = boost::asio;

namespace {

k8s::WebhookOptions webhook_options(const Options& options) {
  k8s::WebhookOptions webhook;
  webhook.address = options.webhook_address;
  webhook.port = options.webhook_port;
  webhook.certificate = options.webhook_certificate;
  webhook.key = options.webhook_key;
  webhook.review.ops_manager = options.ops_manager_user;
  webhook.review.new_uuid = k8s::random_uuid;
  return webhook;
}

std::shared_ptr<k8s::Webhook> make_webhook(Process& process) {
  try {
    return std::make_shared<k8s::Webhook>(process.io.get_executor(), *process.client,
                                          webhook_options(process.options));
  } catch (const std::runtime_error& error) {
    throw BadSetup(std::string("webhook: ") + error.what());
  }
}

}  // namespace

asio::awaitable<void> run_webhook(Process& process) {
  const auto webhook = make_webhook(process);
  // Answers under way refer to it until the io_context has stopped for good.
  process.kept.push_back(webhook);
  process.on_stop([webhook = webhook.get()] { webhook->stop(); });
  spdlog::info("webhook: listens on port {}", webhook->port());
  co_await webhook->run();
}

}  // namespace ratchet::ratchetd
