#include "k8s/adapters/budget_look.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "k8s/adapters/objects.h"
#include "k8s/client/kinds.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using mysql::LookAtDatabase;
using mysql::Sight;

namespace {

// Of a selector's matchExpressions.
bool meets(const Json& labels, const Json& expression) {
  const std::string key = text_at(expression, "/key");
  const std::string word = text_at(expression, "/operator");
  const bool has = labels.contains(key);
  bool listed = false;
  for (const Json& value : part_at(expression, "/values")) {
    listed = listed || (has && labels.at(key) == value);
  }
  if (word == "In") return listed;
  if (word == "NotIn") return !listed;
  return has == (word == "Exists");
}

// One without a selector selects nothing, an empty one everything.
bool selects(const Json& budget, const Json& pod) {
  const Json& selector = part_at(budget, "/spec/selector");
  if (!selector.is_object()) return false;
  const Json& labels = part_at(pod, "/metadata/labels");
  for (const auto& [key, value] : part_at(selector, "/matchLabels").items()) {
    if (!labels.contains(key) || labels.at(key) != value) return false;
  }
  for (const Json& expression : part_at(selector, "/matchExpressions")) {
    if (!meets(labels, expression)) return false;
  }
  return true;
}

// Pods, of a number or a percentage, which Kubernetes rounds up.
std::int64_t count_of(const Json& value, std::int64_t pods) {
  if (value.is_number()) return value.get<std::int64_t>();
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  return (std::atoll(text.c_str()) * pods + 99) / 100;
}

// Never, whatever is the case just now.
bool lets_nobody_go(const Json& budget, std::int64_t pods) {
  const Json& most = part_at(budget, "/spec/maxUnavailable");
  if (!most.is_null()) return count_of(most, pods) == 0;
  const Json& least = part_at(budget, "/spec/minAvailable");
  return !least.is_null() && count_of(least, pods) >= pods;
}

void add_budget_finding(Sight& sight, bool passing, std::string what, std::string fix) {
  mysql::Finding& finding = *sight.add_findings();
  finding.set_severity(mysql::WARNING);
  finding.set_check("disruption-budget");
  finding.set_what(std::move(what));
  finding.set_fix(std::move(fix));
  finding.set_passing(passing);
}

void judge_budgets(const LookAtDatabase& in, const Json& budgets, const std::vector<Json>& pods,
                   Sight& sight) {
  std::string names;
  int found = 0;
  for (const Json& budget : budgets) {
    const auto selected = std::count_if(pods.begin(), pods.end(),
                                        [&](const Json& pod) { return selects(budget, pod); });
    if (selected == 0) continue;
    const std::string name = text_at(budget, "/metadata/name");
    names += (found++ > 0 ? ", " : "") + name;
    if (!lets_nobody_go(budget, selected)) continue;
    add_budget_finding(sight, false,
                       "PodDisruptionBudget " + in.space() + "/" + name +
                           " lets no member be missing; the upgrade stops one at a time all the "
                           "same, as it deletes pods, which no budget holds up",
                       "kubectl delete poddisruptionbudget -n " + in.space() + " " + name +
                           ", or let one be missing (maxUnavailable: 1)");
  }
  if (found < 2) return;
  add_budget_finding(
      sight, false,
      "PodDisruptionBudgets " + names +
          " select the same pods: Kubernetes evicts none that more than one selects, "
          "so no node with a member can be drained",
      "delete all but that of the database's StatefulSet");
}

}  // namespace

asio::awaitable<void> look_at_budgets(const Environment& environment, LookAtDatabase in,
                                      std::vector<Json> pods, Sight& sight) {
  std::string refused;
  try {
    const Reply reply =
        co_await environment.client->list(kinds::pod_disruption_budget, in.space(), ListOptions{});
    expect_success(reply, "listing PodDisruptionBudgets in " + in.space());
    judge_budgets(in, part_at(reply.body, "/items"), pods, sight);
  } catch (const ApiError& error) {
    if (error.code() != 403) throw;
    refused = error.what();
  }
  if (refused.empty()) co_return;
  add_budget_finding(sight, true, "PodDisruptionBudgets could not be looked up: " + refused,
                     "look at them by hand, or bind the ClusterRole ratchet-ops-manager");
}

}  // namespace ratchet::k8s
