// localcluster: a Kubernetes API server and a node in one process, for the demo.
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "tools/localcluster/serve.h"
#include "tools/localcluster/verbs.h"
#include "tools/localcluster/yaml.h"

namespace {

using namespace ratchet::localcluster;

struct VerbOptions {
  std::string kubeconfig;
  std::string file;
  std::string kind;
  std::string name;
  std::string space;
  std::string output = "table";
  bool all_spaces = false;
};

// ADDRESS:PORT
void parse_listen(const std::string& listen, ServeOptions& options) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) throw CLI::ValidationError("--listen", "is ADDRESS:PORT");
  options.address = listen.substr(0, colon);
  options.port = static_cast<std::uint16_t>(std::stoul(listen.substr(colon + 1)));
}

CLI::App* add_serve(CLI::App& app, ServeOptions& options, std::string& listen) {
  CLI::App* serve = app.add_subcommand("serve", "serve until SIGINT or SIGTERM");
  serve->add_option("--dir", options.folder, "data of pods and volumes, logs")->required();
  serve->add_option("--listen", listen, "address:port; port 0: any free one");
  serve->add_option("--images", options.images, "folder of unpacked images")->required();
  serve->add_option("--kubeconfig-out", options.kubeconfig, "kubeconfig to write")->required();
  serve->add_option("--user", options.users, "a further user with a token and a context");
  return serve;
}

CLI::App* add_verb(CLI::App& app, const std::string& name, const std::string& help,
                   VerbOptions& options) {
  CLI::App* verb = app.add_subcommand(name, help);
  verb->add_option("--kubeconfig", options.kubeconfig, "default: $KUBECONFIG");
  verb->add_option("-n,--namespace", options.space, "default: the kubeconfig's");
  if (name == "apply") {
    verb->add_option("-f,--filename", options.file, "manifests; - for standard input")->required();
    return verb;
  }
  verb->add_option("KIND", options.kind)->required();
  CLI::Option* object = verb->add_option("NAME", options.name);
  if (name == "delete") object->required();
  if (name != "get") return verb;
  verb->add_flag("-A,--all-namespaces", options.all_spaces);
  verb->add_option("-o,--output", options.output)->check(CLI::IsMember({"table", "json", "yaml"}));
  return verb;
}

std::string read_all(const std::string& file) {
  if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error(file + ": cannot be read");
  return {std::istreambuf_iterator<char>(stream), {}};
}

boost::asio::awaitable<void> carry_out(std::string verb, VerbOptions options, Verbs& verbs) {
  if (verb == "apply") {
    co_await verbs.apply(parse_manifests(read_all(options.file)), std::cout);
  } else if (verb == "get") {
    co_await verbs.get(options.kind, options.name, options.space, options.output, std::cout);
  } else {
    co_await verbs.remove(options.kind, options.name, options.space, std::cout);
  }
}

void run_verb(const std::string& verb, VerbOptions options) {
  std::optional<std::filesystem::path> flag;
  if (!options.kubeconfig.empty()) flag = options.kubeconfig;
  ratchet::k8s::Access access = ratchet::k8s::find_access(flag);
  if (!options.space.empty()) access.space = options.space;
  options.space = options.all_spaces ? "" : access.space;
  boost::asio::io_context io;
  Verbs verbs(io.get_executor(), std::move(access));
  boost::asio::co_spawn(io, carry_out(verb, std::move(options), verbs),
                        [](const std::exception_ptr& error) {
                          if (error) std::rethrow_exception(error);
                        });
  io.run();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A Kubernetes API server and a node whose pods are processes, for the demo");
  app.require_subcommand(1);
  ServeOptions options;
  std::string listen = "127.0.0.1:0";
  CLI::App* serving = add_serve(app, options, listen);
  serving->callback([&] { parse_listen(listen, options); });
  VerbOptions verb;
  add_verb(app, "apply", "create or change what manifests say", verb);
  add_verb(app, "get", "show objects", verb);
  add_verb(app, "delete", "delete an object", verb);
  CLI11_PARSE(app, argc, argv);
  try {
    if (serving->parsed()) {
      serve(options);
    } else {
      run_verb(app.get_subcommands().front()->get_name(), std::move(verb));
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "localcluster: " << error.what() << "\n";
    return 1;
  }
}
