// The two roles of the daemon. Each takes its own Lease first, and stops the process when that is
// lost. Both return when the process stops.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "tools/ratchetd/process.h"

namespace ratchet::store {
class Log;
}

namespace ratchet::ratchetd {

inline constexpr const char* provisioner_lease = "ratchet-provisioner";

boost::asio::awaitable<void> run_provisioner(Process& process);
// The provisioner's webhook: every replica serves it, with the Lease or without.
boost::asio::awaitable<void> run_webhook(Process& process);
// The log must outlive the io_context's work.
boost::asio::awaitable<void> run_ops_manager(Process& process, store::Log& log);

}  // namespace ratchet::ratchetd
