// The care of certificates that servers show: who vouches for one, and what a renewed one means.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"
#include "k8s/provisioner/database.h"

namespace ratchet::k8s::provisioner {

// PEM of who vouches for the server in a pod; nothing: nobody, it makes its own certificate. Empty
// if the secret is gone: no server is let pass then. Throws ApiError.
boost::asio::awaitable<std::optional<std::string>> authority_of(Context& context, std::string space,
                                                                Json pod);

// Has every server that shows another certificate than its secret holds read its files again. The
// kubelet brings them up to date within about a minute, so this is for every health period.
// Throws ApiError.
boost::asio::awaitable<void> reload_certificates(Context& context, const Database& database);

// What makes a server of that version read its files again; empty: only a restart does.
std::string reload_statement(const std::string& version);

}  // namespace ratchet::k8s::provisioner
