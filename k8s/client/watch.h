// Follows one kind of object: all changes from now until stopped, over every loss of connection.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "k8s/client/http_client.h"
#include "k8s/client/watch_state.h"

namespace ratchet::k8s {

struct WatchOptions {
  std::string space;  // empty: all namespaces
  std::string label_selector;
  std::string field_selector;
  // A stream that is silent for so long is taken for dead; servers send bookmarks every minute.
  std::chrono::steady_clock::duration idle = std::chrono::seconds(120);
  std::chrono::milliseconds first_delay{200};  // of the exponential backoff
  std::chrono::milliseconds most_delay{30'000};
};

// Not thread-safe; lives on the client's executor.
class Watch {
 public:
  Watch(std::shared_ptr<HttpClient> client, Resource resource, WatchOptions options,
        WatchHandler handler);
  ~Watch();  // stops
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void start();  // once
  // No handler is called any more once this has returned.
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ratchet::k8s
