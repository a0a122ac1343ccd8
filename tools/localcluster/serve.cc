#include "tools/localcluster/serve.h"

#include <array>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <openssl/rand.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "k8s/embedded/audit.h"
#include "k8s/embedded/controllers/controllers.h"
#include "k8s/embedded/defaults.h"
#include "k8s/embedded/http_front.h"
#include "tools/localcluster/certificate.h"
#include "tools/localcluster/node.h"

namespace ratchet::localcluster {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace embedded = k8s::embedded;

constexpr std::chrono::seconds stop_grace{20};

std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  constexpr const char* digits = "0123456789abcdef";
  std::string token;
  for (const unsigned char byte : bytes) {
    token += digits[byte >> 4];
    token += digits[byte & 15];
  }
  return token;
}

void prepare_folders(const fs::path& folder) {
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);
  // Objects do not outlive the server, so what is left of earlier pods belongs to nothing.
  for (const char* part : {"pods", "volumes"}) {
    fs::remove_all(folder / part);
    fs::create_directories(folder / part);
  }
  fs::create_directories(folder / "logs");
}

// Held until the process ends.
void lock(const fs::path& folder) {
  fs::create_directories(folder);
  const fs::path file = folder / "lock";
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    throw std::runtime_error(file.string() +
                             ": another localcluster uses this folder; stop it or choose another "
                             "--dir");
  }
}

// JSON is YAML: one writer less. Replaced at once, so that a reader never sees half of it.
void write_kubeconfig(const fs::path& file, const std::string& url, const std::string& certificate,
                      const std::map<std::string, std::string>& tokens) {
  Json users = Json::array();
  Json contexts = Json::array();
  for (const auto& [token, user] : tokens) {
    users.push_back({{"name", user}, {"user", {{"token", token}}}});
    contexts.push_back(
        {{"name", user}, {"context", {{"cluster", "localcluster"}, {"user", user}}}});
  }
  Json cluster = {{"server", url}, {"certificate-authority-data", embedded::base64(certificate)}};
  const Json config = {{"apiVersion", "v1"},
                       {"kind", "Config"},
                       {"clusters", {{{"name", "localcluster"}, {"cluster", std::move(cluster)}}}},
                       {"users", std::move(users)},
                       {"contexts", std::move(contexts)},
                       {"current-context", "admin"}};
  const fs::path fresh = file.string() + ".new";
  std::ofstream stream(fresh);
  fs::permissions(fresh, fs::perms::owner_read | fs::perms::owner_write);
  stream << config.dump(2) << "\n";
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + fresh.string());
  fs::rename(fresh, file);
}

class Cluster {
 public:
  explicit Cluster(const ServeOptions& options)
      : options_(options),
        images_(options.images),
        audit_(options.folder / "audit.log", std::ios::app),
        controllers_(server_),
        node_({io_.get_executor(), server_, images_, options.folder}),
        front_(server_, front_options()),
        signals_(io_, SIGINT, SIGTERM),
        deadline_(io_) {}

  void run();

 private:
  embedded::FrontOptions front_options();
  void add_storage_class();
  void schedule();
  void pump();
  void stop();

  const ServeOptions& options_;
  asio::io_context io_{1};
  std::map<std::string, std::string> tokens_;
  Images images_;
  std::ofstream audit_;
  embedded::ApiServer server_;
  embedded::Controllers controllers_;
  Node node_;
  embedded::HttpFront front_;
  asio::signal_set signals_;
  asio::steady_timer deadline_;
  embedded::Store::Handle changes_;
  bool scheduled_ = false;
  bool stopping_ = false;
};

embedded::FrontOptions Cluster::front_options() {
  tokens_[random_token()] = "admin";
  for (const std::string& user : options_.users) tokens_[random_token()] = user;
  embedded::FrontOptions front;
  front.tokens = tokens_;
  front.log = [this](const std::string&, const std::string& pod) -> std::optional<std::string> {
    std::ifstream file(options_.folder / "logs" / (pod + ".log"), std::ios::binary);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  return front;
}

void Cluster::add_storage_class() {
  embedded::Actor(server_, "localcluster")
      .create("storageclasses.storage.k8s.io",
              {{"apiVersion", "storage.k8s.io/v1"},
               {"kind", "StorageClass"},
               {"metadata",
                {{"name", "standard"},
                 {"annotations", {{"storageclass.kubernetes.io/is-default-class", "true"}}}}},
               {"provisioner", "ratchet.dev/folder"}});
}

void Cluster::schedule() {
  if (std::exchange(scheduled_, true)) return;
  asio::post(io_, [this] { pump(); });
}

void Cluster::pump() {
  scheduled_ = false;
  const bool controlled = !stopping_ && controllers_.pass();
  const bool ran = node_.pass();
  if (controlled || ran) schedule();  // requests get their turn in between
  if (stopping_ && node_.idle()) io_.stop();
}

void Cluster::stop() {
  stopping_ = true;
  std::cerr << "localcluster: stopping pods\n";
  node_.stop_all(stop_grace);
  deadline_.expires_after(stop_grace + std::chrono::seconds(5));
  deadline_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) io_.stop();
  });
  schedule();
}

void Cluster::run() {
  server_.on_call([this](const embedded::Call& call, const embedded::Answer& answer) {
    audit_ << embedded::audit_event(call, answer, server_.now()).dump() << std::endl;
  });
  const Certificate certificate = make_certificate(options_.address);
  k8s::http::Tls tls;
  tls.certificate_pem = certificate.certificate_pem;
  tls.key_pem = certificate.key_pem;
  k8s::http::Server listener(
      io_.get_executor(), options_.address, options_.port, tls,
      [this](const k8s::http::Request& request, k8s::http::Responder& responder) {
        return front_.answer(request, responder);
      });
  node_.use_subnet(100 + listener.port() % 100);
  node_.on_change([this] { schedule(); });
  changes_ = server_.store().subscribe([this] { schedule(); });
  node_.announce();
  add_storage_class();
  const std::string url = "https://" + options_.address + ":" + std::to_string(listener.port());
  write_kubeconfig(options_.kubeconfig, url, certificate.certificate_pem, tokens_);
  std::cerr << "localcluster: serving " << url << ", kubeconfig " << options_.kubeconfig.string()
            << ", pod logs in " << (options_.folder / "logs").string() << "\n";
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) stop();
  });
  io_.run();
  node_.kill_all();
  listener.stop();
}

}  // namespace

void serve(const ServeOptions& options) {
  lock(options.folder);
  prepare_folders(options.folder);
  Cluster(options).run();
}

}  // namespace ratchet::localcluster
