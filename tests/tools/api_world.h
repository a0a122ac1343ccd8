// A daemon's API in this process, on a real log and a real socket, with an engine on a thread of
// its own: what a test asks comes from outside, over HTTP or as ratchetctl.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/tools/log_folder.h"
#include "tools/ratchetctl/ctl.h"
#include "tools/ratchetd/api.h"

namespace ratchet::ratchetd::testing {

inline constexpr const char* token = "the-token-of-this-test";

struct Said {
  int code = -1;
  std::string out;
  std::string err;
};

// Workflows: `asking` waits at the gate deploy, having exposed `progress`; `stuck` has a step that
// fails once and then waits for an hour; `waiting` waits for the signal approval.
class ApiWorld {
 public:
  ApiWorld();
  ~ApiWorld();

  // Serves, with what is set in `options` and `approvers`, and writes api.json. `judge` null: by
  // the token.
  void begin();
  // As at the daemon's end: nothing is kept but the log.
  void end();
  void restart() {
    end();
    begin();
  }

  // Starts a run and waits until it is where its workflow waits.
  void start(const std::string& run_id, const std::string& workflow);
  // Tells the API that the log has failed.
  void halt();
  // On the engine's thread.
  void on_engine(const std::function<void(engine::Engine& engine)>& task);

  std::uint16_t port() const { return port_; }
  std::string log() const { return folder.path("log"); }
  // A request with the token, as ann.
  k8s::http::Response ask(const std::string& method, const std::string& target,
                          const std::string& body = "") const;
  k8s::http::Response ask(const std::string& method, const std::string& target,
                          const std::string& body,
                          const std::map<std::string, std::string>& headers) const;
  Json get(const std::string& target) const;
  Said ctl(std::vector<std::string> arguments) const;

  ratchetctl::Folder folder;
  ApiOptions options;
  Judge judge;
  std::optional<engine::Approvers> approvers;
  bool opens = true;  // false: the engine is never opened

 private:
  struct Daemon;
  std::unique_ptr<Daemon> daemon_;
  std::uint16_t port_ = 0;
};

}  // namespace ratchet::ratchetd::testing
