// The parts of one pass over one MySQL (see reconcile.h). Each returns nothing to go on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/guarded.h"

namespace ratchet::k8s::provisioner {

class Pass {
 public:
  Pass(Context& context, Doubts& doubts, Database database)
      : context_(context), doubts_(doubts), guarded_(context, doubts, std::move(database)) {}

  // When to look again without an event.
  boost::asio::awaitable<std::optional<Duration>> run();

 private:
  const Database& database() const { return guarded_.database(); }
  boost::asio::awaitable<MaybeStop> go();

  // While paused nothing is written but this: an annotation, once no write is in doubt.
  boost::asio::awaitable<MaybeStop> drain();
  boost::asio::awaitable<MaybeStop> undrain();
  boost::asio::awaitable<MaybeStop> find_set();
  boost::asio::awaitable<MaybeStop> admit();
  // pass_storage.cc
  boost::asio::awaitable<MaybeStop> check_storage_class();
  boost::asio::awaitable<MaybeStop> check_data(std::string claim);

  // pass_sources.cc
  boost::asio::awaitable<MaybeStop> find_init_script();
  boost::asio::awaitable<MaybeStop> check_config_secret();

  boost::asio::awaitable<MaybeStop> begin();
  boost::asio::awaitable<MaybeStop> provision();
  boost::asio::awaitable<MaybeStop> choose_group_name();
  boost::asio::awaitable<MaybeStop> ensure_cluster_objects();
  boost::asio::awaitable<MaybeStop> ensure_access();
  boost::asio::awaitable<MaybeStop> ensure_app_binding();
  // pass_secrets.cc
  // What the API server forbids (403) is a refusal, too: only who runs the cluster can change it.
  boost::asio::awaitable<MaybeStop> go_where_allowed();
  boost::asio::awaitable<MaybeStop> ensure_secret();
  boost::asio::awaitable<MaybeStop> check_given_secret(const Reply& found);
  // pass_certificates.cc
  boost::asio::awaitable<MaybeStop> ensure_certificates();
  boost::asio::awaitable<MaybeStop> request_certificate(const Reply& secret, std::string alias);
  boost::asio::awaitable<bool> has_issuer();

  boost::asio::awaitable<MaybeStop> ensure_set();
  boost::asio::awaitable<MaybeStop> create_set(Json wanted);
  // pass_former_sets.cc
  boost::asio::awaitable<MaybeStop> choose_set_name();
  boost::asio::awaitable<std::vector<Json>> left_pods();
  boost::asio::awaitable<MaybeStop> clear_former_sets();
  boost::asio::awaitable<MaybeStop> remove_former_budget(unsigned number);
  boost::asio::awaitable<MaybeStop> remove_retired_claims(unsigned number);

  boost::asio::awaitable<MaybeStop> finish();
  boost::asio::awaitable<void> observe();
  boost::asio::awaitable<void> report(Refusal refusal);

  // removal.cc
  boost::asio::awaitable<MaybeStop> halt();
  boost::asio::awaitable<MaybeStop> withdraw_certificates();
  boost::asio::awaitable<MaybeStop> remove_all();
  boost::asio::awaitable<MaybeStop> refuse_left_pods();
  boost::asio::awaitable<MaybeStop> release_pods();
  boost::asio::awaitable<MaybeStop> release_children();
  boost::asio::awaitable<bool> shares_secret();
  boost::asio::awaitable<MaybeStop> release_secret(std::string name);
  boost::asio::awaitable<MaybeStop> release_readable_secret(std::string name);
  boost::asio::awaitable<MaybeStop> set_owner(Resource kind, Json object);

  Context& context_;
  Doubts& doubts_;
  Guarded guarded_;
  Json entry_;                   // the MySQLVersion; null if there is none
  Json set_;                     // the StatefulSet; null if there is none
  std::string authority_;        // ca.crt of spec.tls, in base64; empty without
  std::optional<Refusal> held_;  // what is left undone although the rest goes on
};

}  // namespace ratchet::k8s::provisioner
