// A real database server for one test: started from an image of the cache in namespaces of its
// own, with its data in memory, gone with the object.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace ratchet::k8s::testing {

// Whether anything accepts connections on this port of the loopback address.
bool answers(std::uint16_t port);

// A port of the loopback address that nobody listens on at this moment.
std::uint16_t free_port();

class Server {
 public:
  // `image`: a name of images/index.tsv. `certificates`: a folder with ca.crt, server.crt and
  // server.key, which must outlive the server; empty: it makes a certificate of its own. `options`:
  // more of the server's, on its command line. Returns once the server accepts connections (120 s
  // at most). Throws std::runtime_error that says how to get what is missing.
  explicit Server(const std::string& image, const std::string& certificates = "",
                  const std::vector<std::string>& options = {}, const std::string& names = "");
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }
  // The version that the image's binary printed when the image was made.
  const std::string& version() const { return version_; }
  static constexpr const char* password = "H(Y.s)pg&cX1Ds3J";

 private:
  pid_t process_ = -1;
  std::uint16_t port_ = 0;
  std::string version_;
};

}  // namespace ratchet::k8s::testing
