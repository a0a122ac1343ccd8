// What both roles share: the io_context, the way to the API server, and the one way to end.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "k8s/client/client.h"
#include "k8s/client/http_client.h"
#include "k8s/client/lease.h"
#include "k8s/client/watch.h"
#include "tools/ratchetd/options.h"

namespace ratchet::ratchetd {

struct Process {
  Process(boost::asio::io_context& context, const Options& given);

  // Ends the process with this code once what `on_stop` collected has run. The first call counts.
  void stop(int code);
  // As stop, but the failure is thrown out of run().
  void fail(std::exception_ptr error);
  void on_stop(std::function<void()> task) { stopping.push_back(std::move(task)); }
  // Starts a role; what it throws ends the process, and so does the end of the last one.
  void spawn(boost::asio::awaitable<void> task);

  // Follows a kind for as long as the handle lives: in the namespace, or if that is empty in all
  // that --namespace leaves.
  std::shared_ptr<void> watch(k8s::Resource kind, const std::string& space,
                              std::string label_selector, k8s::WatchHandler handler) const;
  k8s::Key lease_key(const char* name) const;
  // Of a role's lease. Whoever has a log open on this boot knows that an earlier holder with the
  // same log and boot is dead: nobody waits for that one's lease to run out.
  k8s::LeaseOptions lease_options(const char* name) const;
  // Waits until the lease is ours. False: the process stops.
  boost::asio::awaitable<bool> acquire(k8s::Lease& lease);

  boost::asio::io_context& io;
  const Options& options;
  std::shared_ptr<k8s::HttpClient> client;
  std::string log_and_boot;  // `<log id>_<boot id>_`; empty without a log
  std::vector<std::function<void()>> stopping;
  std::vector<std::shared_ptr<void>> kept;  // until nothing runs any more
  int roles = 0;                            // that have not returned
  int waiting = 0;                          // of these: for their Lease; they need no farewell
  std::optional<int> code;
  std::exception_ptr error;
};

// How long a write to the API server may take; the fence around the ops manager's counts with it.
inline constexpr std::chrono::seconds request_deadline{5};

// Of this boot of the machine; empty if it cannot be read.
std::string boot_id();

}  // namespace ratchet::ratchetd
