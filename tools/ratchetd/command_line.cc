#include "tools/ratchetd/command_line.h"

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <utility>

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>

#include "tools/ratchetd/build_id.h"
#include "tools/ratchetd/run_rules.h"
#include "tools/ratchetd/settings.h"

namespace ratchet::ratchetd {

namespace {

bool can_serve_webhook(const Options& options) {
  return options.provisioner && !options.webhook_certificate.empty() &&
         !options.webhook_key.empty() && !options.ops_manager_user.empty();
}

// On any other address than loopback others can listen: there it needs TLS, and a port that they
// know.
bool can_serve_api(const Options& options) {
  boost::system::error_code wrong;
  const auto address = boost::asio::ip::make_address(options.api_address, wrong);
  if (wrong || options.api_certificate.empty() != options.api_key.empty()) return false;
  return address.is_loopback() || (options.api_port != 0 && !options.api_certificate.empty());
}

void add_webhook(CLI::App& app, Options& options) {
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
}

void add_api(CLI::App& app, Options& options) {
  app.add_flag("!--no-api", options.api, "Serve no API: nobody can look at runs or steer them");
  app.add_option("--api-address", options.api_address,
                 "Address of the API (ops manager). On loopback the token in the log's folder lets "
                 "in; on any other the cluster's own users, by TLS")
      ->capture_default_str();
  app.add_option("--api-port", options.api_port,
                 "Its port (default: any free one, which ratchetctl finds in the log's folder)");
  app.add_option("--api-certificate", options.api_certificate,
                 "Its certificate (PEM; read again when it has changed)");
  app.add_option("--api-key", options.api_key, "The certificate's private key (PEM)");
  app.add_option("--approvers", options.approvers,
                 "Folder of public Ed25519 keys, NAME.pem: an approval then counts only if one of "
                 "them signed it, and an annotation is none (ops manager)")
      ->type_name("DIR");
}

// What is said about runs is understood, or why not is thrown as a ParseError.
void add_run_rules(CLI::App& app, Options& options) {
  const auto add = [&app](const char* name, const char* form, const char* about, auto& rules,
                          auto read) {
    app.add_option_function<std::vector<std::string>>(
           name,
           [name, &rules, read](const std::vector<std::string>& said) {
             try {
               rules = read(said);
             } catch (const std::invalid_argument& why) {
               throw CLI::ValidationError(name, why.what());
             }
           },
           about)
        ->type_name(form);
  };
  add("--keep-runs", "OUTCOME=DAYS",
      "How long the records of runs that ended so are kept (ops manager; repeatable; default: for "
      "ever)",
      options.keep_runs, keep_for);
  add("--open-runs", "WORKFLOW=N",
      "How many runs of a workflow are open at once; others wait (ops manager; repeatable)",
      options.open_runs, open_limits);
}

// What is wrong with the options together; empty: nothing.
std::string misfit(const Options& options) {
  if (options.ops_manager && options.log.empty()) {
    return "the ops manager needs a log: give --log DIR or RATCHET_LOG";
  }
  if (!options.anchor_key.empty() && !options.ops_manager) {
    return "--anchor-key needs the role of the ops manager";
  }
  if (!options.approvers.empty() && !options.ops_manager) {
    return "--approvers needs the role of the ops manager";
  }
  if (options.webhook_port != 0 && !can_serve_webhook(options)) {
    return "--webhook-port needs the role of the provisioner, and --webhook-certificate, "
           "--webhook-key and --ops-manager-user";
  }
  if (options.api && !can_serve_api(options)) {
    return "--api-address is an IP address; any other than loopback needs --api-port, "
           "--api-certificate and --api-key, and a certificate needs its key";
  }
  return {};
}

// What is told apart only here.
struct Words {
  std::string role = "all";
  std::string log_format = "text";
  std::string kubeconfig;
  std::string log;
  std::string config;
  std::int64_t health_seconds = Options().health_interval.count();
};

void add_basics(CLI::App& app, Options& options, Words& words) {
  app.set_version_flag("--version", [] { return RATCHET_VERSION " (build " + build_id() + ")"; });
  app.add_option("--config", words.config,
                 "A file with what is not said here, a line `name = value` for each option")
      ->envname("RATCHETD_CONFIG")
      ->configurable(false);
  app.add_option("--role", words.role, "What this process does")
      ->check(CLI::IsMember({"all", "ops-manager", "provisioner"}))
      ->capture_default_str();
  app.add_option("--kubeconfig", words.kubeconfig,
                 "Where the API server is (default: $KUBECONFIG, then the pod's service account, "
                 "then ~/.kube/config)");
  app.add_option("--log", words.log, "Folder of the log (ops manager)")->envname("RATCHET_LOG");
  app.add_option("--anchor-key", options.anchor_key,
                 "Private Ed25519 key (PEM) that signs each anchor (ops manager; default: none)")
      ->type_name("FILE");
  app.add_option("--namespace", options.space, "Only databases in this namespace (default: all)");
  app.add_option("--lease-namespace", options.lease_space,
                 "Namespace of the Leases (default: the kubeconfig's or the pod's own)");
  app.add_option("--log-format", words.log_format,
                 "What is said on stderr: text, or a JSON object a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--health-interval", words.health_seconds,
                 "Seconds between two checks of a server")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
}

Asked asked(Options options, const Words& words) {
  options.ops_manager = words.role != "provisioner";
  options.provisioner = words.role != "ops-manager";
  if (!words.kubeconfig.empty()) options.kubeconfig = words.kubeconfig;
  options.log = words.log;
  options.health_interval = std::chrono::seconds(words.health_seconds);
  return {std::move(options), words.log_format == "json", std::nullopt};
}

}  // namespace

Asked ask(std::vector<std::string> arguments, std::ostream& out, std::ostream& err) {
  CLI::App app{"Provisions MySQL databases on Kubernetes and upgrades them.", "ratchetd"};
  Options options;
  Words words;
  add_basics(app, options, words);
  add_run_rules(app, options);
  add_webhook(app, options);
  add_api(app, options);
  app.footer(
      "Each option has an environment variable, RATCHETD_API_PORT for --api-port, which counts\n"
      "before the file of --config.\n"
      "Exit codes: 0 stopped by SIGTERM; 1 wrong command line, kubeconfig or log folder;\n"
      "2 unforeseen failure; 3 the log is open in another process; 4 HALTED: the log is damaged,\n"
      "failed, or not the one that was anchored; 5 the Lease was lost.");
  std::ranges::reverse(arguments);  // as CLI11 takes them
  try {
    app.parse(std::move(arguments));
    take_settings(app, words.config);
  } catch (const CLI::ParseError& error) {
    return {{}, false, app.exit(error, out, err) == 0 ? Exit::well : Exit::usage};
  }
  Asked all = asked(std::move(options), words);
  if (const std::string why = misfit(all.options); !why.empty()) {
    err << "ratchetd: " << why << "\n";
    all.exit = Exit::usage;
  }
  return all;
}

}  // namespace ratchet::ratchetd
