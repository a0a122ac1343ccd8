// What the StatefulSets leave that a database consisted of before an upgrade replaced them:
// volumes, which are kept for a while, and a disruption budget, of which pods may have only one.
#include <utility>

#include "k8s/api/member_sets.h"
#include "k8s/client/kinds.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/pass.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

constexpr const char* claim_prefix = "data-";

// A time that is none is not over: what cannot be read deletes nothing.
bool is_over(const std::string& until, const std::string& now) {
  return until.size() == now.size() && until.ends_with('Z') && until < now;
}

bool has_no_controller(const Json& object) {
  for (const Json& owner : object.at("metadata").value("ownerReferences", Json::array())) {
    if (owner.value("controller", false)) return false;
  }
  return true;
}

std::string set_called(const std::string& database, unsigned number) {
  return number == 0 ? database : database + "-" + std::to_string(number);
}

}  // namespace

asio::awaitable<MaybeStop> Pass::clear_former_sets() {
  if (!database().is_cluster() || set_.is_null()) co_return std::nullopt;
  const auto current = api::member_number(database().name, metadata_text(set_, "name") + "-0");
  if (!current) co_return std::nullopt;
  if (MaybeStop stop = co_await remove_former_budget(current->set)) co_return stop;
  co_return co_await remove_retired_claims(current->set);
}

// It belonged to the set; the garbage collector has left it, as it has left the pods.
asio::awaitable<MaybeStop> Pass::remove_former_budget(unsigned number) {
  if (number == 0) co_return std::nullopt;
  const std::string name = set_called(database().name, number - 1);
  const Reply found =
      co_await context_.client.get(kinds::pod_disruption_budget, {database().space, name});
  if (!found.ok() || !has_no_controller(found.body)) co_return std::nullopt;
  const bool ours = covers(found.body.at("metadata").value("labels", Json::object()),
                           Json(selector_labels(database().name)));
  if (!ours) co_return std::nullopt;
  co_return co_await guarded_.remove_left(kinds::pod_disruption_budget, found.body);
}

// Never one of the set that there is, whatever it says.
asio::awaitable<MaybeStop> Pass::remove_retired_claims(unsigned number) {
  ListOptions options;
  options.label_selector = selector_text(database().name);
  const Reply claims =
      co_await context_.client.list(kinds::persistent_volume_claim, database().space, options);
  const std::string now = context_.now();
  for (const Json& claim : claims.body.value("items", Json::array())) {
    const std::string until = annotation(claim, api::retain_annotation);
    const std::string name = metadata_text(claim, "name");
    if (!is_over(until, now) || !name.starts_with(claim_prefix)) continue;
    const auto whose =
        api::member_number(database().name, name.substr(std::string(claim_prefix).size()));
    if (!whose || whose->set == number) continue;
    if (claim.at("metadata").contains("deletionTimestamp")) continue;
    if (MaybeStop stop = co_await guarded_.remove_left(kinds::persistent_volume_claim, claim)) {
      co_return stop;
    }
    context_.emit(database().object,
                  {false, "RetentionOver",
                   "Deleted claim " + name + " of a former StatefulSet, kept until " + until});
  }
  co_return std::nullopt;
}

}  // namespace ratchet::k8s::provisioner
