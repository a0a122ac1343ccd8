#include "tests/k8s/adapters/server.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ratchet::k8s::testing {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::filesystem::path image_folder(const std::string& image) {
  const char* cache = std::getenv("RATCHET_CACHE");
  const char* home = std::getenv("HOME");
  const std::filesystem::path root =
      cache ? std::filesystem::path(cache)
            : std::filesystem::path(home ? home : "/root") / ".cache/ratchet";
  const auto folder = root / "images" / image;
  if (!std::filesystem::exists(folder / "rootfs") || !std::filesystem::exists(folder / "version")) {
    throw std::runtime_error("no database image in " + folder.string() +
                             ": `tests/cluster/images/build " + image + "` makes it");
  }
  return folder;
}

// Mounts are private to the process, so that tests and demo can use one image side by side. The
// shell stays as init of the pid namespace: the server changes its user, which makes the kernel
// forget the signal that --kill-child asked for, and would outlive the test.
constexpr const char* start = R"(
set -e
for d in var/lib/mysql run tmp; do mount -t tmpfs -o mode=1777 none "$ROOT/$d"; done
mkdir "$ROOT/run/mysqld" "$ROOT/run/certs"
if [ -n "$CERTIFICATES" ]; then
  mount --bind "$CERTIFICATES" "$ROOT/run/certs"
  set -- "$@" --ssl-capath=/run/certs --ssl-ca=/run/certs/ca.crt --ssl-cert=/run/certs/server.crt \
    --ssl-key=/run/certs/server.key --require-secure-transport=ON
fi
if [ -n "$NAMES" ]; then
  echo "127.0.0.1 localhost $NAMES" > "$ROOT/tmp/hosts"
  mount --bind "$ROOT/tmp/hosts" "$ROOT/etc/hosts"
fi
mount -t proc none "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
chroot "$ROOT" /usr/local/bin/docker-entrypoint.sh mysqld --port="$PORT" "$@"
exit $?
)";

[[noreturn]] void run_server(const std::string& root, std::uint16_t port,
                             const std::string& certificates,
                             const std::vector<std::string>& options, const std::string& names) {
  const int quiet = open("/dev/null", O_RDWR);
  dup2(quiet, 0);
  if (std::getenv("RATCHET_TEST_SERVER_LOG") == nullptr) {
    dup2(quiet, 1);
    dup2(quiet, 2);
  }
  setenv("ROOT", root.c_str(), 1);
  setenv("CERTIFICATES", certificates.c_str(), 1);
  setenv("NAMES", names.c_str(), 1);
  setenv("PORT", std::to_string(port).c_str(), 1);
  setenv("MYSQL_ROOT_PASSWORD", Server::password, 1);
  setenv("RATCHET_BIND_ADDRESS", "127.0.0.1", 1);
  std::vector<std::string> words{"unshare",      "--mount",       "--pid",   "--fork",
                                 "--kill-child", "--propagation", "private", "sh",
                                 "-c",           start,           "sh"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp("unshare", arguments.data());
  _exit(127);
}

}  // namespace

std::uint16_t free_port() {
  asio::io_context context;
  tcp::acceptor probe(context, {asio::ip::address_v4::loopback(), 0});
  return probe.local_endpoint().port();
}

bool answers(std::uint16_t port) {
  asio::io_context context;
  tcp::socket socket(context);
  boost::system::error_code error;
  return !socket.connect({asio::ip::address_v4::loopback(), port}, error);
}

Server::Server(const std::string& image, const std::string& certificates,
               const std::vector<std::string>& options, const std::string& names)
    : port_(free_port()) {
  const auto folder = image_folder(image);
  std::ifstream(folder / "version") >> version_;
  const std::string root = (folder / "rootfs").string();
  process_ = fork();
  if (process_ == 0) run_server(root, port_, certificates, options, names);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!answers(port_)) {
    if (waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      throw std::runtime_error("the server of " + image +
                               " ended at once; namespaces need root; RATCHET_TEST_SERVER_LOG=1 "
                               "shows what it says");
    }
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("the server of " + image + " does not listen after 120 s");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

Server::~Server() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);  // takes the whole pid namespace along, a moment later
  waitpid(process_, nullptr, 0);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (answers(port_) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace ratchet::k8s::testing
