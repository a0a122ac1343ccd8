#include <memory>

#include <spdlog/spdlog.h>

#include "k8s/client/events.h"
#include "k8s/provisioner/group_sql.h"
#include "k8s/provisioner/provisioner.h"
#include "k8s/provisioner/sql_probe.h"
#include "tools/ratchetd/roles.h"

namespace ratchet::ratchetd {

namespace asio = boost::asio;
using k8s::provisioner::Provisioner;

asio::awaitable<void> run_provisioner(Process& process) {
  const auto how = process.lease_options(provisioner_lease);
  k8s::Lease lease(process.io.get_executor(), process.client, how, [&process] {
    spdlog::critical("the provisioner's Lease was lost");
    process.stop(Exit::lease_lost);
    process.io.stop();
  });
  if (!co_await process.acquire(lease)) co_return;
  spdlog::info("provisioner: started");

  auto events = std::make_shared<k8s::EventRecorder>(process.io.get_executor(), process.client,
                                                     "KubeDB Operator");
  k8s::provisioner::Ports ports;
  ports.watch = [&process](k8s::Resource kind, const std::string& space, std::string labels,
                           k8s::WatchHandler handler) {
    return process.watch(std::move(kind), space, std::move(labels), std::move(handler));
  };
  ports.emit = [events](const k8s::Json& object, k8s::Report report) {
    events->record(object, std::move(report));
  };
  ports.probe = k8s::provisioner::sql_prober();
  ports.group = k8s::provisioner::sql_group();
  k8s::provisioner::Options options;
  options.health_period = process.options.health_interval;
  Provisioner provisioner(process.io.get_executor(), *process.client, std::move(ports), options);
  process.on_stop([&provisioner] { provisioner.stop(); });
  co_await provisioner.run();
  co_await lease.release();
}

}  // namespace ratchet::ratchetd
