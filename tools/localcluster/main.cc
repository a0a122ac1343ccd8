// localcluster: a Kubernetes API server and a node in one process, for the demo.
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "tools/localcluster/objects.h"
#include "tools/localcluster/serve.h"

namespace {

using ratchet::localcluster::ApplyOptions;
using ratchet::localcluster::GetOptions;
using ratchet::localcluster::ServeOptions;

// HOST:PORT
void parse_listen(const std::string& listen, ServeOptions& options) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) throw CLI::ValidationError("--listen", "is ADDRESS:PORT");
  options.address = listen.substr(0, colon);
  options.port = static_cast<std::uint16_t>(std::stoul(listen.substr(colon + 1)));
}

CLI::App* add_apply(CLI::App& app, ApplyOptions& options) {
  CLI::App* apply = app.add_subcommand("apply", "create objects, or change those that are there");
  apply->add_option("-f,--filename", options.file, "YAML or JSON; -: standard input")->required();
  apply->add_option("--kubeconfig", options.kubeconfig, "default: $KUBECONFIG");
  return apply;
}

CLI::App* add_get(CLI::App& app, GetOptions& options) {
  CLI::App* get = app.add_subcommand("get", "print objects");
  get->add_option("KIND", options.kind, "such as mysql, myops, pod")->required();
  get->add_option("NAME", options.name, "none: all");
  get->add_option("-n,--namespace", options.space)->capture_default_str();
  get->add_option("--kubeconfig", options.kubeconfig, "default: $KUBECONFIG");
  get->add_option_function<std::string>(
         "-o,--output", [&options](const std::string&) { options.json = true; }, "json")
      ->check(CLI::IsMember({"json"}));
  return get;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A Kubernetes API server and a node whose pods are processes, for the demo");
  app.require_subcommand(1);
  ServeOptions options;
  std::string listen = "127.0.0.1:0";
  CLI::App* serve = app.add_subcommand("serve", "serve until SIGINT or SIGTERM");
  serve->add_option("--dir", options.folder, "data of pods and volumes, logs")->required();
  serve->add_option("--listen", listen, "address:port; port 0: any free one");
  serve->add_option("--images", options.images, "folder of unpacked images")->required();
  serve->add_option("--kubeconfig-out", options.kubeconfig, "kubeconfig to write")->required();
  serve->add_option("--user", options.users, "a further user with a token and a context");
  serve->callback([&] { parse_listen(listen, options); });
  ApplyOptions to_apply;
  GetOptions to_get;
  const CLI::App* apply = add_apply(app, to_apply);
  const CLI::App* get = add_get(app, to_get);
  CLI11_PARSE(app, argc, argv);
  try {
    if (serve->parsed()) ratchet::localcluster::serve(options);
    if (apply->parsed()) ratchet::localcluster::apply(to_apply);
    if (get->parsed()) ratchet::localcluster::get(to_get);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "localcluster: " << error.what() << "\n";
    return 1;
  }
}
