#include "k8s/provisioner/database.h"

#include <algorithm>
#include <initializer_list>

#include "k8s/api/certificates.h"
#include "k8s/api/duration.h"
#include "k8s/api/field.h"
#include "k8s/api/finding.h"
#include "k8s/api/member_sets.h"

namespace ratchet::k8s::provisioner {
namespace {

const Json& at_path(const Json& object, std::initializer_list<const char*> path) {
  static const Json none;
  const Json* here = &object;
  for (const char* name : path) {
    if (!here->is_object() || !here->contains(name)) return none;
    here = &here->at(name);
  }
  return *here;
}

std::string text_at(const Json& object, std::initializer_list<const char*> path) {
  const Json& found = at_path(object, path);
  return found.is_null() ? "" : found.get<std::string>();
}

// The server's variable for the time-out has 32 bits.
SemiSync read_semi_sync(const Json& spec) {
  SemiSync wish;
  const Json& given = at_path(spec, {"topology", "semiSync"});
  if (given.is_object()) {
    wish.acknowledgements = given.value("sourceWaitForReplicaCount", 1U);
    wish.clone_errant = given.value("errantTransactionRecoveryPolicy", "") == "Clone";
  }
  const std::string text = text_at(spec, {"topology", "semiSync", "sourceTimeout"});
  const auto timeout = parse_duration(text).value_or(std::chrono::hours(24));
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  wish.timeout_ms = std::min<std::uint64_t>(static_cast<std::uint64_t>(ms), UINT32_MAX);
  return wish;
}

std::optional<Tls> read_tls(const Json& mysql) {
  const Json& given = at_path(mysql, {"spec", "tls"});
  if (!given.is_object()) return std::nullopt;
  Tls tls;
  for (const char* alias : api::served_aliases) {
    tls.secrets[alias] = api::certificate_secret(mysql, alias);
  }
  tls.issuer = at_path(given, {"issuerRef"});
  return tls;
}

std::optional<std::string> read_paused(const Json& mysql) {
  for (const Json& condition : at_path(mysql, {"status", "conditions"})) {
    if (condition.value("type", "") == "Paused" && condition.value("status", "") == "True") {
      return condition.value("lastTransitionTime", "");
    }
  }
  return std::nullopt;
}

}  // namespace

bool Database::runs_init_script() const {
  const Json init = spec().value("init", Json::object());
  return init.contains("script") && !(is_cluster() && init.value("initialized", false));
}

std::string Database::config_secret() const {
  std::string named = spec().value("configSecret", Json::object()).value("name", "");
  if (!named.empty()) return named;
  return spec().value("configuration", Json::object()).value("secretName", "");
}

Database read_database(const Json& mysql) {
  const Json& meta = mysql.at("metadata");
  const Json& spec = mysql.at("spec");
  Database database;
  database.space = meta.at("namespace").get<std::string>();
  database.name = meta.at("name").get<std::string>();
  database.set_name = text_at(meta, {"annotations", api::set_annotation});
  if (database.set_name.empty()) database.set_name = database.name;
  database.uid = meta.at("uid").get<std::string>();
  database.generation = meta.value("generation", std::int64_t{0});
  database.version = text_at(spec, {"version"});
  database.auth_secret = text_at(spec, {"authSecret", "name"});
  database.owns_auth_secret =
      database.auth_secret.empty() || database.auth_secret == database.name + "-auth";
  if (database.auth_secret.empty()) database.auth_secret = database.name + "-auth";
  const std::string mode = text_at(spec, {"topology", "mode"});
  if (mode == "GroupReplication") {
    database.group = Group{text_at(spec, {"topology", "group", "name"})};
  }
  if (mode == "SemiSync") database.semi_sync = read_semi_sync(spec);
  database.tls = read_tls(mysql);
  database.replicas = spec.value("replicas", database.is_cluster() ? 3 : 1);
  database.durable = text_at(spec, {"storageType"}) != "Ephemeral";
  database.halted = spec.value("halted", false);
  database.deleting = meta.contains("deletionTimestamp");
  database.policy = api::deletion_policy(mysql);
  database.paused_since = read_paused(mysql);
  database.object = mysql;
  return database;
}

std::optional<Refusal> refuse(const Database& database, const Json& catalogue_entry, bool exists) {
  api::Findings findings = api::check_database(database.object);
  if (api::names_version(database.object)) {
    api::append(findings, api::check_version(database.object, catalogue_entry, exists));
  }
  if (findings.empty()) return std::nullopt;
  return Refusal{findings.front().reason, api::text(findings)};
}

std::optional<Refusal> refuse_halt(const Database& database) {
  for (const api::Finding& finding : api::check_database(database.object)) {
    const bool about_halting =
        finding.path == "spec.halted" || finding.path == "spec.deletionPolicy";
    if (about_halting) return Refusal{finding.reason, api::text({finding})};
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_change(const Database& database, const Json& set) {
  const bool has_claims = !at_path(set, {"spec", "volumeClaimTemplates"}).empty();
  if (set.is_null() || has_claims == database.durable) return std::nullopt;
  return Refusal{"MalformedSpec", "precondition failed for: MySQL " + database.path() +
                                      ". At least one of the following was changed: "
                                      "spec.storageType; set it back to " +
                                      (has_claims ? "Durable" : "Ephemeral")};
}

}  // namespace ratchet::k8s::provisioner
