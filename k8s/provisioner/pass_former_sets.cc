// What the StatefulSets leave that a database consisted of before an upgrade replaced them:
// volumes, which are kept for a while, and a disruption budget, of which pods may have only one.
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

// The member whose claim this is. Nothing: no set of this database made it.
std::optional<api::MemberNumber> member_of_claim(const std::string& database, const Json& claim) {
  const std::string name = metadata_text(claim, "name");
  if (!name.starts_with(claim_prefix)) return std::nullopt;
  return api::member_number(database, name.substr(std::string(claim_prefix).size()));
}

// An upgrade that was undone had given it up, and the next one has filled it anew: what it said
// then must not decide when its set is the former one.
asio::awaitable<void> keep_for_good(Context& context, Json claim) {
  co_await context.client.merge_patch(
      kinds::persistent_volume_claim,
      {metadata_text(claim, "namespace"), metadata_text(claim, "name")},
      {{"metadata",
        {{"resourceVersion", metadata_text(claim, "resourceVersion")},
         {"annotations", {{api::retain_annotation, nullptr}}}}}});
}

// The sets whose volumes there are.
struct SetsOfClaims {
  std::set<unsigned> kept;  // after an upgrade: the database does not consist of them
  std::set<unsigned> in_use;
};

SetsOfClaims sets_of(const std::string& database, const Json& claims) {
  SetsOfClaims found;
  for (const Json& claim : claims) {
    const auto member = member_of_claim(database, claim);
    if (!member) continue;
    const bool kept = !annotation(claim, api::retain_annotation).empty();
    (kept ? found.kept : found.in_use).insert(member->set);
  }
  return found;
}

Refusal ambiguous_volumes(const Database& database, const SetsOfClaims& found) {
  std::set<unsigned> all = found.kept;
  all.insert(found.in_use.begin(), found.in_use.end());
  std::string sets;
  for (const unsigned number : all) {
    sets += (sets.empty() ? "" : ", ") + set_called(database.name, number);
  }
  return {"AmbiguousVolumes", "there are volumes of the StatefulSets " + sets +
                                  ", and nothing says which are the newest; set the annotation " +
                                  api::set_annotation +
                                  " of the MySQL to the one that it is to consist of, or delete "
                                  "the claims that nobody wants"};
}

}  // namespace

// Volumes outlive a MySQL that is deleted (deletionPolicy: Halt), the annotation does not. Without
// it the next MySQL of that name would start on those of the set that an upgrade has retired.
asio::awaitable<MaybeStop> Pass::choose_set_name() {
  const bool known = !annotation(database().object, api::set_annotation).empty();
  if (!database().is_cluster() || !set_.is_null() || known) co_return std::nullopt;
  ListOptions options;
  options.label_selector = selector_text(database().name);
  const Reply claims =
      co_await context_.client.list(kinds::persistent_volume_claim, database().space, options);
  const SetsOfClaims found = sets_of(database().name, claims.body.value("items", Json::array()));
  if (found.in_use.empty() && found.kept.empty()) co_return std::nullopt;
  if (found.in_use.size() != 1) co_return Stop{ambiguous_volumes(database(), found)};
  const unsigned number = *found.in_use.begin();
  if (number == 0) co_return std::nullopt;
  const std::string name = set_called(database().name, number);
  if (MaybeStop stop = co_await guarded_.patch_mysql(
          {{"metadata", {{"annotations", {{api::set_annotation, name}}}}}})) {
    co_return stop;
  }
  co_return Stop{};
}

// A StatefulSet that an upgrade deletes leaves its pods to nobody. Where the upgrade did not come
// to its end, or is under way, they are members nevertheless.
asio::awaitable<std::vector<Json>> Pass::left_pods() {
  ListOptions options;
  options.label_selector = selector_text(database().name);
  const Reply pods = co_await context_.client.list(kinds::pod, database().space, options);
  std::vector<Json> left;
  for (const Json& pod : pods.body.value("items", Json::array())) {
    const bool member = api::member_number(database().name, metadata_text(pod, "name")).has_value();
    if (member && has_no_controller(pod)) left.push_back(pod);
  }
  co_return left;
}

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
    const auto whose = member_of_claim(database().name, claim);
    if (until.empty() || !whose || claim.at("metadata").contains("deletionTimestamp")) continue;
    if (whose->set == number) {
      const bool used = whose->ordinal < static_cast<unsigned>(database().replicas);
      if (used) co_await keep_for_good(context_, claim);
      continue;
    }
    if (!is_over(until, now)) continue;
    if (MaybeStop stop = co_await guarded_.remove_left(kinds::persistent_volume_claim, claim)) {
      co_return stop;
    }
    std::string message = "Deleted claim " + name + " of a former StatefulSet, kept until ";
    context_.emit(database().object, {false, "RetentionOver", message += until});
  }
  co_return std::nullopt;
}

}  // namespace ratchet::k8s::provisioner
