// localcluster: a Kubernetes API server and a node in one process, for the demo.
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "tools/localcluster/serve.h"

namespace {

using ratchet::localcluster::ServeOptions;

// HOST:PORT
void parse_listen(const std::string& listen, ServeOptions& options) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) throw CLI::ValidationError("--listen", "is ADDRESS:PORT");
  options.address = listen.substr(0, colon);
  options.port = static_cast<std::uint16_t>(std::stoul(listen.substr(colon + 1)));
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
  CLI11_PARSE(app, argc, argv);
  try {
    if (serve->parsed()) ratchet::localcluster::serve(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "localcluster: " << error.what() << "\n";
    return 1;
  }
}
