// The daemon in the cluster: provisions MySQL databases and carries out operations on them.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "engine/runtime/engine.h"
#include "store/log.h"
#include "tools/ratchetd/daemon.h"

namespace {

using namespace ratchet;
using ratchetd::Exit;

int exit_of(store::Fault fault) {
  switch (fault) {
    case store::Fault::locked:
      return Exit::log_locked;
    case store::Fault::corrupt:
    case store::Fault::halted:
      return Exit::halted;
    default:
      return Exit::usage;
  }
}

bool can_serve_webhook(const ratchetd::Options& options) {
  return options.provisioner && !options.webhook_certificate.empty() &&
         !options.webhook_key.empty() && !options.ops_manager_user.empty();
}

int run_reporting(const ratchetd::Options& options) {
  try {
    return ratchetd::run(options);
  } catch (const ratchetd::BadSetup& error) {
    spdlog::critical("{}", error.what());
    return Exit::usage;
  } catch (const engine::Halt& error) {
    spdlog::critical("HALTED: {}", error.what());
    return Exit::halted;
  } catch (const store::Error& error) {
    spdlog::critical("{}", error.what());
    return exit_of(error.fault());
  } catch (const std::exception& error) {
    spdlog::critical("{}", error.what());
    return Exit::failed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stderr_color_st("ratchetd"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");

  CLI::App app{"Provisions MySQL databases on Kubernetes and upgrades them."};
  ratchetd::Options options;
  std::string role = "all";
  std::string kubeconfig;
  std::string log;
  std::int64_t health_seconds = options.health_interval.count();
  app.set_version_flag("--version", std::string(RATCHET_VERSION));
  app.add_option("--role", role, "What this process does")
      ->check(CLI::IsMember({"all", "ops-manager", "provisioner"}))
      ->capture_default_str();
  app.add_option("--kubeconfig", kubeconfig,
                 "Where the API server is (default: $KUBECONFIG, then the pod's service account, "
                 "then ~/.kube/config)");
  app.add_option("--log", log, "Folder of the log (ops manager)")->envname("RATCHET_LOG");
  app.add_option("--namespace", options.space, "Only databases in this namespace (default: all)");
  app.add_option("--lease-namespace", options.lease_space,
                 "Namespace of the Leases (default: the kubeconfig's or the pod's own)");
  app.add_option("--health-interval", health_seconds, "Seconds between two checks of a server")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  app.add_option("--webhook-port", options.webhook_port,
                 "Serve the admission webhook on this port (provisioner; default: none)");
  app.add_option("--webhook-address", options.webhook_address, "Address that it listens on")
      ->default_val("0.0.0.0");
  app.add_option("--webhook-certificate", options.webhook_certificate,
                 "Its certificate (PEM; read again when it has changed)");
  app.add_option("--webhook-key", options.webhook_key, "The certificate's private key (PEM)");
  app.add_option("--ops-manager-user", options.ops_manager_user,
                 "The user that the API server knows the ops manager as: the webhook lets it alone "
                 "edit spec.version");
  app.footer(
      "Exit codes: 0 stopped by SIGTERM; 1 wrong command line, kubeconfig or log folder;\n"
      "2 unforeseen failure; 3 the log is open in another process; 4 HALTED: the log is damaged,\n"
      "failed, or not the one that was anchored; 5 the Lease was lost.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? Exit::well : Exit::usage;
  }
  options.ops_manager = role != "provisioner";
  options.provisioner = role != "ops-manager";
  if (!kubeconfig.empty()) options.kubeconfig = kubeconfig;
  options.log = log;
  options.health_interval = std::chrono::seconds(health_seconds);
  if (options.ops_manager && log.empty()) {
    std::fprintf(stderr, "ratchetd: the ops manager needs a log: give --log DIR or RATCHET_LOG\n");
    return Exit::usage;
  }
  if (options.webhook_port != 0 && !can_serve_webhook(options)) {
    std::fprintf(stderr,
                 "ratchetd: --webhook-port needs the role of the provisioner, and "
                 "--webhook-certificate, --webhook-key and --ops-manager-user\n");
    return Exit::usage;
  }
  return run_reporting(options);
}
