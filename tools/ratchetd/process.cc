#include "tools/ratchetd/process.h"

#include <cstdio>
#include <fstream>
#include <random>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "tools/ratchetd/daemon.h"

namespace ratchet::ratchetd {

namespace asio = boost::asio;

namespace {

std::shared_ptr<k8s::HttpClient> connect(asio::io_context& io, const Options& options) {
  try {
    k8s::ClientOptions how;
    how.field_manager = "ratchetd";
    how.user_agent = "ratchetd/" RATCHET_VERSION;
    how.deadline = request_deadline;
    k8s::Access access = k8s::find_access(options.kubeconfig);
    // Nobody may answer there, which is tried for ever: so it is said who names it.
    spdlog::info("API server {}:{}, by the {}", access.endpoint.host, access.endpoint.port,
                 access.origin);
    return std::make_shared<k8s::HttpClient>(io.get_executor(), std::move(access), how);
  } catch (const std::exception& error) {
    throw BadSetup(error.what());
  }
}

// A write is sent only if the Lease is held until it is surely carried out or not: in between two
// renewals it always is, even while one hangs until its deadline.
static_assert(k8s::renew_lease_every + request_deadline + request_deadline <
              k8s::lease_duration - k8s::lease_margin);

// Random, different for each process.
std::string process_nonce() {
  std::random_device random;
  char text[17];
  std::snprintf(text, sizeof text, "%08x%08x", random(), random());
  return text;
}

}  // namespace

Process::Process(asio::io_context& context, const Options& given)
    : io(context), options(given), client(connect(context, given)) {}

void Process::stop(int with) {
  if (code) return;
  code = with;
  for (const auto& task : stopping) task();
  if (roles == waiting) io.stop();
}

asio::awaitable<bool> Process::acquire(k8s::Lease& lease) {
  ++waiting;
  co_await lease.acquire();
  --waiting;
  co_return !code;
}

void Process::fail(std::exception_ptr why) {
  if (!error) error = std::move(why);
  stop(Exit::failed);
  io.stop();
}

void Process::spawn(asio::awaitable<void> task) {
  ++roles;
  asio::co_spawn(io, std::move(task), [this](const std::exception_ptr& why) {
    if (why) fail(why);
    if (--roles == (code ? waiting : 0)) io.stop();
  });
}

std::shared_ptr<void> Process::watch(k8s::Resource kind, const std::string& space,
                                     std::string label_selector, k8s::WatchHandler handler) const {
  k8s::WatchOptions how;
  how.space = space.empty() ? options.space : space;
  how.label_selector = std::move(label_selector);
  auto followed = std::make_shared<k8s::Watch>(client, std::move(kind), how, std::move(handler));
  followed->start();
  return followed;
}

k8s::Key Process::lease_key(const char* name) const {
  return {options.lease_space.empty() ? client->default_space() : options.lease_space, name};
}

k8s::LeaseOptions Process::lease_options(const char* name) const {
  k8s::LeaseOptions how;
  how.key = lease_key(name);
  // Without a log the host's name, which in a pod is the pod's: a person sees who works.
  how.identity =
      (log_and_boot.empty() ? asio::ip::host_name() + "_" : log_and_boot) + process_nonce();
  how.known_dead = [mine = log_and_boot](const std::string& holder) {
    return !mine.empty() && holder.starts_with(mine);
  };
  return how;
}

std::string boot_id() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(in, id);
  return id;
}

}  // namespace ratchet::ratchetd
