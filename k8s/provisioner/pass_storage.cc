// What a database's volumes need before a server is started on them.
#include <utility>

#include "k8s/api/database_rules.h"
#include "k8s/client/kinds.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/pass.h"
#include "k8s/provisioner/status.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

// Only before anything was made: claims that are there need their class no more.
asio::awaitable<MaybeStop> Pass::check_storage_class() {
  const std::string name = api::named_storage_class(database().object);
  const Json status = database().object.value("status", Json::object());
  if (name.empty() || condition_status(status, "ProvisioningStarted")) co_return std::nullopt;
  const Reply found = co_await context_.client.get(kinds::storage_class, {"", name});
  if (!found.not_found()) co_return std::nullopt;
  const api::Finding finding = api::storage_class_not_found(database().object);
  co_return Stop{Refusal{finding.reason, finding.message}};
}

// The data in a claim that an earlier set left behind.
asio::awaitable<MaybeStop> Pass::check_data(std::string claim) {
  const Reply data =
      co_await context_.client.get(kinds::persistent_volume_claim, {database().space, claim});
  const std::string opened = data.ok() ? annotation(data.body, server_version_annotation) : "";
  const std::string target = entry_.at("/spec/version"_json_pointer);
  if (compare_versions(target, opened) >= 0) co_return std::nullopt;
  co_return Stop{Refusal{"ImageOlderThanData",
                         "the data in claim " + claim + " was opened by server " + opened +
                             " and spec.version " + database().version + " is server " + target +
                             ", which cannot start on it; set spec.version to " + opened +
                             " or newer"}};
}

}  // namespace ratchet::k8s::provisioner
