// The root password's secret, and what the provisioner may not read (see pass.h).
#include "k8s/client/kinds.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"
#include "k8s/provisioner/pass.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

Refusal forbidden(const Database& database, const std::string& why) {
  const std::string help =
      why.find("secrets") == std::string::npos
          ? ""
          : "; if nobody has let the namespace hold databases yet: kubectl apply -n " +
                database.space + " -f k8s/manifests/databases.yaml";
  return {"Forbidden", "the API server forbids what the provisioner needs: " + why + help};
}

}  // namespace

asio::awaitable<MaybeStop> Pass::go_where_allowed() {
  try {
    co_return co_await go();
  } catch (const ApiError& error) {
    if (error.code() != 403) throw;
    co_return Stop{forbidden(database(), error.what())};
  }
}

asio::awaitable<MaybeStop> Pass::check_given_secret(const Reply& found) {
  const std::string name = database().space + "/" + database().auth_secret;
  const Json data = found.body.value("data", Json::object());
  if (!data.contains("username") || !data.contains("password")) {
    co_return Stop{Refusal{"SecretIncomplete",
                           "secret " + name + " must have the keys username and password"}};
  }
  const bool labelled = covers(found.body["metadata"].value("labels", Json::object()),
                               Json(selector_labels(database().name)));
  const bool named = database().object.contains("/spec/authSecret/name"_json_pointer);
  if (!labelled && !named) {
    co_return Stop{Refusal{
        "NameTaken",
        "intended secret \"" + name + "\" already exists; name it in spec.authSecret to use it"}};
  }
  if (named) co_return std::nullopt;
  co_return co_await guarded_.patch_mysql(
      {{"spec", {{"authSecret", {{"name", database().auth_secret}}}}}});
}

asio::awaitable<MaybeStop> Pass::ensure_secret() {
  const Key key{database().space, database().auth_secret};
  const Reply found = co_await context_.client.get(kinds::secret, key);
  if (found.ok()) co_return co_await check_given_secret(found);
  const std::string where = key.space + "/" + key.name;
  if (!database().owns_auth_secret) {
    co_return Stop{Refusal{"SecretMissing", "secret " + where +
                                                " of spec.authSecret not found; create it with "
                                                "the keys username and password"}};
  }
  const std::string claim =
      claim_name(set_.is_null() ? database().set_name : metadata_text(set_, "name"));
  const Reply data =
      co_await context_.client.get(kinds::persistent_volume_claim, {key.space, claim});
  if (data.ok()) {
    co_return Stop{Refusal{"SecretMissing",
                           "secret " + where + " is gone, and claim " + claim +
                               " holds data that only its password opens; restore the secret, or "
                               "delete the claim to start with an empty database"}};
  }
  if (MaybeStop stop =
          co_await guarded_.create(kinds::secret, auth_secret(database(), generate_password()),
                                   "Successfully created database auth secret")) {
    co_return stop;
  }
  co_return co_await guarded_.patch_mysql(
      {{"spec", {{"authSecret", {{"name", database().auth_secret}}}}}});
}

}  // namespace ratchet::k8s::provisioner
