#include "k8s/operator/lease_anchor.h"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "store/checkpoint.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> annotate(Lease& lease, std::string checkpoint,
                               std::function<void(const std::string& why)> done) {
  std::string why;
  try {
    const bool written = co_await lease.annotate({{anchor_annotation, std::move(checkpoint)}});
    if (!written) why = "the Lease " + std::string(ops_manager_lease) + " is not ours any more";
  } catch (const std::exception& error) {
    why = error.what();
  }
  done(why);
}

}  // namespace

std::optional<store::Head> LeaseAnchor::read() {
  const auto checkpoint = lease_.annotation(anchor_annotation);
  if (!checkpoint) return std::nullopt;
  return store::from_checkpoint(*checkpoint);
}

void LeaseAnchor::write(const store::Head& head, std::function<void(const std::string& why)> done) {
  std::string text = store::to_checkpoint(head);
  if (key_) text = store::to_text(store::Note{text, {key_->sign(text)}});
  asio::co_spawn(executor_, annotate(lease_, std::move(text), std::move(done)), asio::detached);
}

}  // namespace ratchet::k8s
