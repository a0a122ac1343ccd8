// The steps on the database object: inspect, check, pause, record, resume.
#include <ctime>

#include "engine/core/run.h"
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/catalogue.h"
#include "k8s/adapters/objects.h"
#include "k8s/api/duration.h"
#include "k8s/api/member_sets.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/ports.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Done;

namespace {

std::string name_of(const mysql::DatabaseRef& ref) { return ref.space() + "/" + ref.name(); }
Key key_of(const mysql::DatabaseRef& ref) { return {ref.space(), ref.name()}; }

std::string second_text(engine::Time time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// The database object if it is still the one that the run is about.
asio::awaitable<std::optional<Json>> find_database(const Environment& environment,
                                                   mysql::DatabaseRef ref, std::string uid) {
  auto database = co_await find(environment, kinds::mysql, key_of(ref));
  if (database && uid_of(*database) != uid) co_return std::nullopt;
  co_return database;
}

asio::awaitable<Json> the_database(const Environment& environment, mysql::DatabaseRef ref,
                                   std::string uid) {
  auto database = co_await find_database(environment, ref, uid);
  if (!database) throw database_gone(ref);
  co_return std::move(*database);
}

asio::awaitable<mysql::CatalogueVersion> catalogue_entry(const Environment& environment,
                                                         std::string name, bool standalone,
                                                         std::string refusal) {
  auto object = co_await find(environment, kinds::mysql_version, Key{"", name});
  if (!object) {
    throw Refused("version_not_found", refusal + ": there is no MySQLVersion \"" + name +
                                           "\" (kubectl get mysqlversions lists what there is)");
  }
  mysql::CatalogueVersion entry = read_entry(*object, standalone);
  if (entry.image().empty()) {
    throw Refused("version_without_image",
                  refusal + ": MySQLVersion \"" + name + "\" has no spec.db.image");
  }
  co_return entry;
}

// What the catalogue says about the version that it has, and about the one that it shall have.
asio::awaitable<void> add_versions(const Environment& environment, std::string target,
                                   mysql::Database& database) {
  const std::string current = database.current().name();
  const std::string refusal =
      "upgrade from version " + current + " to " + target + " is not supported";
  const bool standalone = database.standalone();
  *database.mutable_target() = co_await catalogue_entry(environment, target, standalone, refusal);
  *database.mutable_current() = co_await catalogue_entry(environment, current, standalone, refusal);
}

// A week; long enough to notice, and to look for a copy of what a bad upgrade has spoilt.
constexpr std::chrono::hours usual_retention{24 * 7};

void read_strategy(const Json& object, mysql::Database& database) {
  const std::string strategy = annotation(object, api::strategy_annotation);
  if (!strategy.empty() && strategy != api::new_set_strategy) {
    throw Refused("bad_strategy", std::string("annotation ") + api::strategy_annotation +
                                      " of the MySQL: the one strategy to ask for is " +
                                      api::new_set_strategy);
  }
  database.set_asks_for_new_set(!strategy.empty());
  const std::string retention = annotation(object, api::retention_annotation);
  const auto given = parse_duration(retention);
  if (!retention.empty() && !given) {
    throw Refused("bad_retention", std::string("annotation ") + api::retention_annotation +
                                       " of the MySQL: \"" + retention +
                                       "\" is no duration, such as 168h");
  }
  const std::chrono::microseconds kept = given.value_or(usual_retention);
  database.set_retention_us(kept.count());
}

asio::awaitable<mysql::Database> inspect(const Environment& environment, AttemptInfo,
                                         mysql::InspectDatabase in) {
  const std::string name = name_of(in.database());
  auto object = co_await find(environment, kinds::mysql, key_of(in.database()));
  if (!object || is_deleting(*object)) {
    throw Refused("database_not_found",
                  "spec.databaseRef " + name +
                      ", is invalid or not found: create the MySQL first, or name another one");
  }
  mysql::Database database;
  *database.mutable_ref() = in.database();
  database.set_uid(uid_of(*object));
  database.set_standalone(part_at(*object, "/spec/topology").is_null());
  database.set_topology(text_at(*object, "/spec/topology/mode"));
  const std::string secret = text_at(*object, "/spec/authSecret/name");
  database.set_auth_secret(secret.empty() ? in.database().name() + "-auth" : secret);
  database.mutable_current()->set_name(text_at(*object, "/spec/version"));
  if (!in.target_version().empty()) {
    read_strategy(*object, database);
    co_await add_versions(environment, in.target_version(), database);
  }
  co_return database;
}

asio::awaitable<mysql::UpgradeRules> check(const Environment&, AttemptInfo,
                                           mysql::CheckUpgrade in) {
  co_return mysql::rules_for(in.database());
}

// A status is replaced under its resourceVersion; never merged, which could erase a condition that
// somebody else has added.
asio::awaitable<bool> write_conditions(const Environment& environment, Json database,
                                       Json conditions) {
  Json status = part_at(database, "/status");
  status["conditions"] = std::move(conditions);
  const Json& metadata = database.at("metadata");
  Json object = {{"apiVersion", kinds::mysql.api_version()},
                 {"kind", kinds::mysql.kind},
                 {"metadata",
                  {{"name", metadata.at("name")},
                   {"namespace", metadata.at("namespace")},
                   {"uid", metadata.at("uid")},
                   {"resourceVersion", metadata.at("resourceVersion")}}},
                 {"spec", database.at("spec")},
                 {"status", std::move(status)}};
  const Reply reply = co_await environment.client->update_status(kinds::mysql, std::move(object));
  if (reply.conflict()) co_return false;
  expect_success(reply, "changing the conditions of MySQL " +
                            text_at(database, "/metadata/namespace") + "/" +
                            text_at(database, "/metadata/name"));
  co_return true;
}

// Whether the pause that this says is of the run, or of one that was reset to it.
bool is_of(const AttemptInfo& info, const std::string& message) {
  return message.find(engine::first_run_id(info.run_id)) != std::string::npos;
}

asio::awaitable<std::optional<Done>> is_paused(const Environment& environment, AttemptInfo info,
                                               mysql::PauseDatabase in) {
  const Json database = co_await the_database(environment, in.database(), in.uid());
  if (!condition_is_true(database, "Paused")) co_return std::nullopt;
  const Json& paused = element(part_at(database, "/status/conditions"), "type", "Paused");
  const std::string message = paused.value("message", "");
  if (!is_of(info, message)) {
    throw Refused("paused_by_other", "MySQL " + name_of(in.database()) + " is already paused (" +
                                         message + "): resume it, then create the request again");
  }
  co_return Done{};
}

// The time of a pause is what the provisioner answers it with, in whole seconds. One that was over
// within this second may have been answered already: that must not answer for this one.
std::string time_of_pause(const Json& database, engine::Time now) {
  const std::string time = second_text(now);
  const bool taken = annotation(database, drained_note) == time;
  return taken ? second_text(now + std::chrono::seconds{1}) : time;
}

asio::awaitable<Done> pause(const Environment& environment, AttemptInfo info,
                            mysql::PauseDatabase in) {
  while (!co_await is_paused(environment, info, in)) {
    const Json database = co_await the_database(environment, in.database(), in.uid());
    Json conditions = Json::array();
    for (const Json& condition : part_at(database, "/status/conditions")) {
      if (condition.value("type", "") != "Paused") conditions.push_back(condition);
    }
    conditions.push_back({{"type", "Paused"},
                          {"status", "True"},
                          {"reason", "DatabasePaused"},
                          {"message", "Paused for MySQLOpsRequest " + in.database().space() + "/" +
                                          in.request() + ", run " + info.run_id},
                          {"lastTransitionTime", time_of_pause(database, environment.now())}});
    if (co_await write_conditions(environment, database, std::move(conditions))) break;
  }
  co_return Done{};
}

asio::awaitable<std::optional<Done>> is_resumed(const Environment& environment, AttemptInfo info,
                                                mysql::ResumeDatabase in) {
  const auto database = co_await find_database(environment, in.database(), in.uid());
  if (!database) co_return Done{};
  const Json& paused = element(part_at(*database, "/status/conditions"), "type", "Paused");
  const bool ours = paused.is_object() && is_of(info, paused.value("message", ""));
  co_return ours ? std::nullopt : std::optional(Done{});
}

asio::awaitable<Done> resume(const Environment& environment, AttemptInfo info,
                             mysql::ResumeDatabase in) {
  while (!co_await is_resumed(environment, info, in)) {
    const auto database = co_await find_database(environment, in.database(), in.uid());
    if (!database) break;
    Json conditions = Json::array();
    for (const Json& condition : part_at(*database, "/status/conditions")) {
      if (condition.value("type", "") != "Paused") conditions.push_back(condition);
    }
    if (co_await write_conditions(environment, *database, std::move(conditions))) break;
  }
  co_return Done{};
}

// No provisioner, nothing to drain: its Lease is absent, given up or long expired.
asio::awaitable<bool> provisioner_runs(const Environment& environment) {
  const auto lease = co_await find(environment, kinds::lease, environment.provisioner_lease);
  if (!lease || text_at(*lease, "/spec/holderIdentity").empty()) co_return false;
  const auto seconds = lease->value("/spec/leaseDurationSeconds"_json_pointer, 15);
  const engine::Time past = environment.now() - std::chrono::seconds(2 * seconds);
  const std::string renewed = text_at(*lease, "/spec/renewTime");
  // Both are UTC in the same form, so they compare as text.
  co_return renewed >= second_text(past);
}

asio::awaitable<Done> await_drained(const Environment& environment, AttemptInfo, mysql::Await in) {
  for (;;) {
    const Json database = co_await the_database(environment, in.database(), in.uid());
    const Json& paused = element(part_at(database, "/status/conditions"), "type", "Paused");
    if (!paused.is_object()) {
      throw Refused("not_paused",
                    "somebody resumed MySQL " + name_of(in.database()) + " while it was worked on");
    }
    const std::string since = paused.value("lastTransitionTime", "");
    if (annotation(database, drained_note) == since) co_return Done{};
    if (!co_await provisioner_runs(environment)) co_return Done{};
    co_await wait_on(environment, in.deadline_us(),
                     "the provisioner did not say that it has finished its work on MySQL " +
                         name_of(in.database()) + ": see its log");
  }
}

asio::awaitable<Done> await_ready(const Environment& environment, AttemptInfo, mysql::Await in) {
  for (;;) {
    const Json database = co_await the_database(environment, in.database(), in.uid());
    bool ready = true;
    for (const char* type : {"ReplicaReady", "AcceptingConnection", "Ready"}) {
      ready = ready && condition_is_true(database, type);
    }
    if (ready) co_return Done{};
    co_await wait_on(environment, in.deadline_us(),
                     "every server that was started anew answers, but MySQL " +
                         name_of(in.database()) + " did not become Ready: see its conditions");
  }
}

asio::awaitable<std::optional<Done>> is_recorded(const Environment& environment, AttemptInfo info,
                                                 mysql::RecordVersion in) {
  const Json database = co_await the_database(environment, in.database(), in.uid());
  const bool done =
      bears_mark(database, info) && text_at(database, "/spec/version") == in.to_version();
  co_return done ? std::optional(Done{}) : std::nullopt;
}

asio::awaitable<Done> record(const Environment& environment, AttemptInfo info,
                             mysql::RecordVersion in) {
  while (!co_await is_recorded(environment, info, in)) {
    const Json database = co_await the_database(environment, in.database(), in.uid());
    Json change = marked_patch(database, info);
    change["spec"]["version"] = in.to_version();
    if (co_await patch(environment, kinds::mysql, key_of(in.database()), change)) break;
  }
  co_return Done{};
}

}  // namespace

void add_database_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::inspect_database, environment, inspect, WithoutDatabase::goes_on);
  handle(handlers, mysql::check_upgrade, environment, check);
  handle(handlers, mysql::pause_database, environment, pause, is_paused);
  handle(handlers, mysql::await_drained, environment, await_drained);
  handle(handlers, mysql::await_database_ready, environment, await_ready);
  handle(handlers, mysql::record_version, environment, record, is_recorded);
  handle(handlers, mysql::resume_database, environment, resume, is_resumed,
         WithoutDatabase::goes_on);
  add_backup_handlers(handlers, environment);
}

}  // namespace ratchet::k8s
