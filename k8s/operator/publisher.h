// Writes what a run's history means to its request: core Events, then the status. Both can be
// written any number of times. Events come first, so a status that matches says that they are
// there; where the cluster takes none, it is written all the same.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "k8s/client/client.h"
#include "k8s/operator/projection.h"

namespace ratchet::k8s {

class Publisher {
 public:
  // The client must outlive it. `anchor`: the text of the log's anchor as it is kept by now; empty:
  // not known. A copy goes with every status that is written (status.anchor), and is never the
  // reason to write one: the anchor follows all runs, and a server may drop a field unknown to it.
  explicit Publisher(Client& client, std::function<std::string()> anchor = {})
      : client_(client), anchor_(std::move(anchor)) {}

  // Throws ApiError, also for an Event that was denied once the status is written, so that it is
  // tried again; a request that is gone, or another one of that name, is no failure.
  // `uid`: of the request. `run_id`: its run, or the one that goes on since that was reset; of the
  // turns that it began with, nothing is told again. Never two at the same time for one request.
  boost::asio::awaitable<void> publish(std::string uid, std::string run_id, Projection projection);

  // Writes `status` unless the request has it already, whatever its anchor. False: the request is
  // gone.
  boost::asio::awaitable<bool> write_status(Key key, std::string uid, Json status);

  // Forgets what it knows of a run that has ended.
  void forget(const std::string& run_id) { announced_.erase(run_id); }

 private:
  boost::asio::awaitable<void> announce(const std::string& uid, const std::string& run_id,
                                        const Projection& projection, std::size_t from);

  Client& client_;
  std::function<std::string()> anchor_;
  std::map<std::string, std::size_t> announced_;  // run → how many of its Events are written
};

}  // namespace ratchet::k8s
