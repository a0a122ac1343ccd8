// The verbs of a Kubernetes API server. Objects are JSON; the few fields we need are read where
// they are needed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

namespace ratchet::k8s {

using Json = nlohmann::json;

// One kind of object, as its URL names it.
struct Resource {
  std::string group;  // empty: the core group
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = true;

  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
};

// The kinds this project uses; our own are named in k8s/client/kinds.h.
struct Key {
  std::string space;  // namespace; empty for cluster-scoped objects
  std::string name;
};

// An answer that a caller must expect: 2xx, 404, 409, 410, 412, 422. Everything else throws.
struct Reply {
  int code = 0;
  Json body;  // the object, the list, or a metav1.Status

  bool ok() const { return code >= 200 && code < 300; }
  bool not_found() const { return code == 404; }
  bool conflict() const { return code == 409; }  // also AlreadyExists: see reason()
  bool gone() const { return code == 410; }
  bool invalid() const { return code == 422; }
  std::string reason() const { return ok() ? "" : body.value("reason", ""); }
  std::string message() const { return ok() ? "" : body.value("message", ""); }
};

// The API server refused for a reason that is no outcome of ours (401, 403, 429, 5xx), or could
// not be reached, or did not answer in time: after a write in the last two cases the effect is
// unknown.
class ApiError : public std::runtime_error {
 public:
  ApiError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
  int code() const { return code_; }  // 0: no answer

 private:
  int code_;
};

struct Preconditions {
  std::string uid;               // empty: any
  std::string resource_version;  // empty: any
  // No condition: the seconds that a pod's processes have to end. Nothing: those of its spec.
  std::optional<std::int64_t> grace_seconds = {};
};

enum class Propagation { background, foreground, orphan };

struct ListOptions {
  std::string label_selector;
  std::string field_selector;
  int page = 500;
};

// Every call has a deadline of its own (see ClientOptions in client_impl). Writes are sent once.
class Client {
 public:
  virtual ~Client() = default;
  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  virtual boost::asio::awaitable<Reply> get(Resource resource, Key key) = 0;
  // All pages: body.items, and body.metadata.resourceVersion to watch from. Empty space: all.
  virtual boost::asio::awaitable<Reply> list(Resource resource, std::string space,
                                             ListOptions options) = 0;
  virtual boost::asio::awaitable<Reply> create(Resource resource, Json object) = 0;
  // Replaces the object; its metadata.resourceVersion, where present, is the precondition.
  virtual boost::asio::awaitable<Reply> update(Resource resource, Json object) = 0;
  virtual boost::asio::awaitable<Reply> update_status(Resource resource, Json object) = 0;
  // RFC 7386. A metadata.resourceVersion in the patch is a precondition.
  virtual boost::asio::awaitable<Reply> merge_patch(Resource resource, Key key, Json patch) = 0;
  virtual boost::asio::awaitable<Reply> remove(Resource resource, Key key, Preconditions only_if,
                                               Propagation propagation) = 0;
};

}  // namespace ratchet::k8s
