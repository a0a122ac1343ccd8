// A coordination.k8s.io/v1 Lease: at most one holder at a time, judged on the monotonic clock and
// never on the times in the object, which come from other clocks.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "k8s/client/client.h"

namespace ratchet::k8s {

// Decision 025 has the reasons, and what they cost.
inline constexpr std::chrono::milliseconds lease_duration{25'000};
inline constexpr std::chrono::milliseconds renew_lease_every{10'000};
inline constexpr std::chrono::milliseconds retry_lease_every{2'000};
inline constexpr std::chrono::milliseconds lease_margin{2'000};

struct LeaseOptions {
  Key key;
  // Differs between processes: the ops manager's is log id + process nonce.
  std::string identity;
  std::chrono::milliseconds duration = lease_duration;  // whole seconds: the object counts in them
  std::chrono::milliseconds renew_every = renew_lease_every;
  // After a renewal that failed, and between two looks at a lease that somebody else holds.
  std::chrono::milliseconds retry_every = retry_lease_every;
  std::chrono::milliseconds margin = lease_margin;  // we stop so long before others may take over
  // True if that holder is known to be dead, so that its lease need not run out.
  std::function<bool(const std::string& holder)> known_dead;
};

// Lives on one executor; not thread-safe. While `renew_every` and a renewal that hangs until the
// client's deadline pass, held() must still cover the longest effect: duration - margin is greater
// than the sum of the three.
class Lease {
 public:
  using Duration = std::chrono::steady_clock::duration;

  // `on_loss` is called once for each acquired lease that ends other than by release().
  Lease(const boost::asio::any_io_executor& executor, std::shared_ptr<Client> client,
        LeaseOptions options, std::function<void()> on_loss);
  ~Lease();  // stops renewing; others wait until it runs out
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  // Waits until we hold it, however long that takes (cancel it to give up), and renews it from
  // then on. A foreign holder is respected until its record has not changed for its duration.
  // Failures of the API are logged and tried again. May be called again after a loss or release.
  boost::asio::awaitable<void> acquire();

  // True if nobody else can hold it within the next `ahead`: the time that an effect may take.
  bool held(Duration ahead = Duration::zero()) const;

  // Writes annotations of the Lease object as its holder. False: the lease is lost, and nothing was
  // written. Throws ApiError; the effect is unknown then.
  boost::asio::awaitable<bool> annotate(std::map<std::string, std::string> annotations);
  // As of the last answer of the server.
  std::optional<std::string> annotation(const std::string& name) const;

  // Gives it up, so that others need not wait. held() is false at once. Failures are logged.
  boost::asio::awaitable<void> release();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ratchet::k8s
