// What the provisioner's parts share: the ways to the cluster and to the servers, and the settings.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/client/client.h"
#include "k8s/client/events.h"
#include "k8s/provisioner/group_plan.h"
#include "k8s/provisioner/semi_sync_plan.h"
#include "k8s/provisioner/work_queue.h"

namespace ratchet::k8s::provisioner {

using Duration = std::chrono::steady_clock::duration;

struct ProbeTarget {
  std::string pod;
  std::string host;  // its IP
  std::string user;
  std::string password;
  std::optional<std::string> certificate;  // SHA-256 to demand; nothing: the first one seen
  // PEM of who must have signed it, unless it is `certificate`; nothing: nobody.
  std::optional<std::string> authority;
};

// What a server answered. Never an exception: not answering is an outcome.
struct ProbeResult {
  std::optional<std::string> connect_error;  // no connection: why
  bool ready = false;                        // it answered a query, too
  std::string certificate;                   // SHA-256 of the one it showed
  std::string version;                       // as it says itself
  std::string no_room;                       // what it says of its full disk; empty: nothing
};

// Answers within a few seconds whatever happens. Production: k8s/provisioner/sql_probe.h.
using Prober = std::function<boost::asio::awaitable<ProbeResult>(ProbeTarget target)>;

using MemberReport = ReportOf<Seen>;
using ReplicaReport = ReportOf<ReplicaSeen>;

// The members of clusters: of a replication group by `look`, of a semi-synchronous one by
// `look_at_replica`. Never an exception. Production: k8s/provisioner/group_sql.h.
struct GroupPort {
  std::function<boost::asio::awaitable<MemberReport>(ProbeTarget target)> look;
  std::function<boost::asio::awaitable<ReplicaReport>(ProbeTarget target)> look_at_replica;
  // Of which tables of a member CLONE copies no rows (ask_uncopied, member_sql.h); nothing: it did
  // not say.
  std::function<boost::asio::awaitable<std::optional<std::string>>(ProbeTarget target)> uncopied;
  // Statement after statement until one fails: what it said. When the time for a statement is up
  // its effect is unknown, and it may go on.
  std::function<boost::asio::awaitable<std::optional<std::string>>(
      ProbeTarget target, std::vector<std::string> statements, Duration limit)>
      tell;
};

// Records a Kubernetes Event on `object`; failures are its own affair (k8s/client/events.h).
using EmitEvent = std::function<void(const Json& object, Report report)>;

struct Options {
  Duration health_period = std::chrono::seconds(10);
  // Of a cluster: the labels follow an election within it and the time that a look takes.
  Duration group_period = std::chrono::seconds(1);
  // How long the primary of a semi-synchronous cluster may be out of reach before another is made.
  // A server that was killed is back sooner, with all that it had.
  Duration failover_delay = std::chrono::seconds(5);
  // Everything is looked at so often even if no event says so: kinds that not every cluster knows,
  // and what is due at a time. A look at a MySQL costs some twenty requests (decision 025).
  Duration resync_period = std::chrono::hours(2);
  // How long what a look read may stand in for a new look (quiet_checks.h). It bounds the delay
  // where no watch tells of a change: of claims.
  Duration remembered_for = std::chrono::hours(1);
  // The same where it read a secret without our labels, which nobody watches: a certificate that
  // somebody renews.
  Duration unwatched_for = std::chrono::seconds(30);
  // When a refused MySQL is looked at again: what it lacks may have appeared elsewhere.
  Duration refused_period = std::chrono::seconds(30);
  // How long a write that got no answer may still be carried out by the API server (its own
  // limit for a request is 60 s).
  Duration in_doubt_period = std::chrono::seconds(60);
  WorkQueue::Limits queue = {};
};

struct Context {
  Client& client;
  EmitEvent emit;
  Prober probe;
  GroupPort group;
  // The time for conditions, RFC 3339.
  std::function<std::string()> now;
  Options options;
};

// Keys of the queues: "namespace/name".
inline std::string queue_key(const std::string& space, const std::string& name) {
  return space + "/" + name;
}
inline Key object_key(const std::string& queue_key) {
  const auto slash = queue_key.find('/');
  return {queue_key.substr(0, slash), queue_key.substr(slash + 1)};
}

}  // namespace ratchet::k8s::provisioner
