// What PodDisruptionBudgets ask for the pods of a database, before that is upgraded.
#pragma once

#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/steps.h"
#include "k8s/client/client.h"
#include "workflows/mysql/plan.pb.h"

namespace ratchet::k8s {

// Adds to what was seen of a database, whose pods these are, as findings: a budget that lets none
// of them be missing, and more than one budget. That we may not list them is told, too; throws what
// else Client throws.
boost::asio::awaitable<void> look_at_budgets(const Environment& environment,
                                             mysql::LookAtDatabase in, std::vector<Json> pods,
                                             mysql::Sight& sight);

}  // namespace ratchet::k8s
