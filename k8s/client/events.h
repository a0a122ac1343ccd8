// Tells people what happened to an object, as core/v1 Events: `kubectl describe` shows them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "k8s/client/client.h"

namespace ratchet::k8s {

struct Report {
  bool warning = false;
  std::string reason;   // CamelCase, for machines
  std::string message;  // for people
};

// Lives on `executor`, where its calls to the API run one after the other; not thread-safe.
class EventRecorder {
 public:
  // `component` becomes source.component.
  EventRecorder(boost::asio::any_io_executor executor, std::shared_ptr<Client> client,
                std::string component);
  ~EventRecorder();  // what is queued is still sent while the executor runs
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  // Queues an event about `object` (apiVersion, kind and metadata are read) and never fails: over
  // 1000 waiting events the new one is dropped, and so is one that the server refuses; both are
  // logged. An event equal to an earlier one raises that one's count.
  void record(const Json& object, Report report);

  bool idle() const;  // nothing is queued or under way

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ratchet::k8s
