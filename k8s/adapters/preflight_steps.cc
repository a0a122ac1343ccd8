// The look at a database before it is upgraded: objects by the API server, servers by SQL that only
// reads. Who judges is workflows/mysql/preflight.h.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>
#include <variant>

#include "k8s/adapters/adapters.h"
#include "k8s/adapters/backup_look.h"
#include "k8s/adapters/budget_look.h"
#include "k8s/adapters/member_look.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/pending_look.h"
#include "k8s/adapters/probe_look.h"
#include "k8s/adapters/sql.h"
#include "k8s/adapters/workload.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/gate.h"
#include "workflows/mysql/preflight.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Finding;
using mysql::LookAtDatabase;
using mysql::MemberSight;
using mysql::Sight;

namespace {

using Answer = std::variant<SqlRows, mysql::Unanswered>;

// Every session begins with these: none of them can write, and long lists of columns are not cut.
const std::vector<std::string> manners{"SET SESSION TRANSACTION READ ONLY",
                                       "SET SESSION group_concat_max_len = 1048576"};

struct Asked {
  const Environment& environment;
  mysql::Server server;
  Json pod;
};

asio::awaitable<std::vector<SqlRows>> ask(const Asked& asked, std::vector<std::string> statements) {
  std::vector<std::string> all = manners;
  all.insert(all.end(), statements.begin(), statements.end());
  auto answers = co_await asked.environment.sql(asked.server, asked.pod, std::move(all));
  answers.erase(answers.begin(), answers.begin() + static_cast<long>(manners.size()));
  co_return answers;
}

// All in one session if it can be; one statement that is refused must not hide the others.
asio::awaitable<std::vector<Answer>> ask_each(const Asked& asked,
                                              std::vector<std::string> statements) {
  std::vector<Answer> answers;
  try {
    for (SqlRows& rows : co_await ask(asked, statements)) answers.emplace_back(std::move(rows));
  } catch (const std::exception&) {
    answers.clear();
  }
  if (answers.size() == statements.size()) co_return answers;
  answers.clear();
  for (const std::string& statement : statements) {
    mysql::Unanswered why;
    try {
      answers.emplace_back((co_await ask(asked, {statement})).at(0));
      continue;
    } catch (const sql::Error& error) {
      why = {error.number(), error.what()};
    } catch (const std::exception& error) {
      why.words = error.what();
    }
    answers.emplace_back(why);
  }
  co_return answers;
}

// Names whom a privilege must be granted to, if that is why some were not answered.
asio::awaitable<void> name_account(const Asked& asked, std::vector<Answer>& answers) {
  std::vector<mysql::Unanswered*> denied;
  for (Answer& answer : answers) {
    auto* why = std::get_if<mysql::Unanswered>(&answer);
    if (why != nullptr && mysql::lacks_privilege(*why)) denied.push_back(why);
  }
  if (denied.empty()) co_return;
  std::vector<std::string> question{"SELECT CURRENT_USER()"};
  const auto account = co_await ask_each(asked, std::move(question));
  const auto* rows = std::get_if<SqlRows>(&account.at(0));
  if (rows == nullptr || rows->empty() || rows->front().empty()) co_return;
  for (mysql::Unanswered* why : denied) why->account = rows->front().front();
}

std::int64_t number_in(const Answer& answer, std::size_t column = 0) {
  const auto* rows = std::get_if<SqlRows>(&answer);
  if (rows == nullptr || rows->empty() || rows->front().size() <= column) return 0;
  return std::atoll(rows->front()[column].c_str());
}

asio::awaitable<void> measure(const Asked& asked, const mysql::Context& context,
                              MemberSight& member) {
  const bool mariadb = context.from.lineage == mysql::Lineage::mariadb;
  const bool old_names = mariadb || context.from.major < 8;
  const std::string spaces = old_names ? "INNODB_SYS_TABLESPACES" : "INNODB_TABLESPACES";
  std::vector<std::string> questions{
      "SELECT COUNT(*), @@GLOBAL.innodb_page_size FROM information_schema.TABLES WHERE TABLE_TYPE "
      "= 'BASE TABLE'",
      "SELECT COALESCE(SUM(FILE_SIZE), 0), COALESCE(SUM(IF(NAME = 'mysql', FILE_SIZE, 0)), 0) FROM "
      "information_schema." +
          spaces,
      "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'",
      "SELECT COUNT FROM information_schema.INNODB_METRICS WHERE NAME = 'trx_rseg_history_len'"};
  if (!mariadb) questions.emplace_back("SELECT COUNT(*) FROM information_schema.ROUTINES");
  const auto answers = co_await ask_each(asked, std::move(questions));
  member.set_tables(number_in(answers[0]));
  member.set_data_bytes(number_in(answers[1]));
  const bool converts = !context.from.same_series(context.to);
  if (converts) member.set_dictionary_bytes(number_in(answers[1], 1));
  member.set_dirty_bytes(number_in(answers[2], 1) * number_in(answers[0], 1));
  member.set_history(number_in(answers[3]));
  if (!mariadb) member.set_routines(number_in(answers[4]));
}

// Of a quantity as the API writes it: "10Gi", "500M". 0: not one of these.
std::int64_t bytes_of(const std::string& quantity) {
  const std::map<std::string, std::int64_t> units{{"", 1},
                                                  {"k", 1000},
                                                  {"M", 1'000'000},
                                                  {"G", 1'000'000'000},
                                                  {"Ki", 1 << 10},
                                                  {"Mi", 1 << 20},
                                                  {"Gi", std::int64_t{1} << 30},
                                                  {"Ti", std::int64_t{1} << 40}};
  const std::size_t digits = quantity.find_first_not_of("0123456789");
  const auto unit = units.find(digits == std::string::npos ? "" : quantity.substr(digits));
  return unit == units.end() ? 0 : std::atoll(quantity.c_str()) * unit->second;
}

void add(Sight& sight, std::vector<Finding> findings) {
  for (Finding& finding : findings) *sight.add_findings() = std::move(finding);
}

void add(Sight& sight, const std::string& pod, std::vector<Finding> findings) {
  for (Finding& finding : findings) finding.set_pod(pod);
  add(sight, std::move(findings));
}

// `first`: the server of which the checks about the whole database are asked.
asio::awaitable<void> check(const Asked& asked, const mysql::Context& context, bool first,
                            Sight& sight) {
  std::vector<mysql::Check> checks = mysql::checks_for(context);
  std::erase_if(checks, [&](const mysql::Check& one) {
    return one.scope == mysql::Scope::database && !first;
  });
  std::vector<std::string> statements;
  statements.reserve(checks.size());
  for (const mysql::Check& one : checks) statements.push_back(one.sql);
  auto answers = co_await ask_each(asked, std::move(statements));
  co_await name_account(asked, answers);
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const std::string pod =
        checks[i].scope == mysql::Scope::server ? asked.server.pod() : std::string();
    if (const auto* rows = std::get_if<SqlRows>(&answers[i])) {
      add(sight, pod, mysql::judge(checks[i], *rows, context));
    } else {
      add(sight, pod, {mysql::unasked(checks[i], std::get<mysql::Unanswered>(answers[i]))});
    }
  }
}

asio::awaitable<void> look_at_claim(const Environment& environment, const Json& pod,
                                    MemberSight& member) {
  const Json& volume = element(part_at(pod, "/spec/volumes"), "name", "data");
  member.set_claim(text_at(volume, "/persistentVolumeClaim/claimName"));
  if (member.claim().empty()) co_return;
  const Key key{text_at(pod, "/metadata/namespace"), member.claim()};
  const auto claim = co_await find(environment, kinds::persistent_volume_claim, key);
  if (!claim) co_return;
  member.set_claim_bytes(bytes_of(text_at(*claim, "/status/capacity/storage")));
}

MemberSight member_of(const Json& pod) {
  MemberSight member;
  member.set_pod(text_at(pod, "/metadata/name"));
  member.set_node(text_at(pod, "/spec/nodeName"));
  const Json& container = element(part_at(pod, "/spec/containers"), "name", database_container);
  member.set_image(text_at(container, "/image"));
  const mysql::ImageId id = image_id_in(pod);
  member.set_image_digest(id.digest());
  member.set_digest_of_config(id.of_config());
  return member;
}

asio::awaitable<void> look_at_member(const Environment& environment, const LookAtDatabase& in,
                                     const DatabaseShape& shape, const Json& pod, Sight& sight) {
  MemberSight member = member_of(pod);
  Asked asked{environment, {}, pod};
  asked.server.mutable_database()->set_space(in.space());
  asked.server.mutable_database()->set_name(in.name());
  asked.server.set_pod(member.pod());
  asked.server.set_pod_uid(uid_of(pod));
  asked.server.set_auth_secret(in.auth_secret());

  const auto names = co_await ask(asked, {"SELECT VERSION(), @@GLOBAL.version_comment"});
  member.set_server_version(names.at(0).at(0).at(0));
  member.set_version_comment(names.at(0).at(0).at(1));
  const auto from = mysql::server_version(member.server_version(), member.version_comment());
  const auto to = mysql::parse_version(in.target_version());
  if (!from || !to) {
    throw Refused("no_version", "the server in pod " + in.space() + "/" + member.pod() +
                                    " says that it is \"" + member.server_version() +
                                    "\", which is no version");
  }
  const mysql::Context context{*from, *to, member.version_comment(),
                               shape.mode == mysql::replication_group, is_cloned(in, shape)};
  if (!from->same_series(*to)) sight.set_slow_shutdown(true);
  add(sight, member.pod(),
      mysql::judge_versions(context, member.server_version(), in.catalogue_version(),
                            in.target_version()));
  co_await look_at_claim(environment, pod, member);
  co_await measure(asked, context, member);
  add(sight, member.pod(), mysql::judge_disk(member));
  if (context.is_cloned) {
    add(sight, member.pod(), mysql::judge_new_claim(member, bytes_of(shape.storage)));
  }
  co_await check(asked, context, sight.members_size() == 0, sight);
  *sight.add_members() = std::move(member);
}

asio::awaitable<Sight> look(const Environment& environment, AttemptInfo, LookAtDatabase in) {
  Sight sight;
  const DatabaseShape shape = co_await shape_of(environment, in);
  // The servers of a cluster that is not whole are not asked: one that does not answer would have
  // the look begin again and again.
  if (!co_await look_at_members(environment, in, shape.mode, sight)) co_return sight;
  mysql::DatabaseRef database;
  database.set_space(in.space());
  database.set_name(in.name());
  std::map<std::string, Json> sets;
  Json newest;
  for (const Json& set : co_await labelled(environment, kinds::stateful_set, database)) {
    if (controller_of(set) != in.uid()) continue;
    sets[uid_of(set)] = newest = set;
    sight.set_stateful_set(text_at(set, "/metadata/name"));
    sight.set_stateful_set_uid(uid_of(set));
    sight.set_image(
        text_at(element(part_at(set, "/spec/template/spec/containers"), "name", database_container),
                "/image"));
  }
  // Those whose image the StatefulSet no longer has come first: what is asked of one server only
  // must be asked of one that is still to be upgraded.
  std::map<std::pair<bool, std::string>, Json> pods;  // by whether it has the image, and name
  for (const Json& pod : co_await labelled(environment, kinds::pod, database)) {
    const bool ours = sets.contains(controller_of(pod)) || is_left(pod, in.name());
    if (ours && !is_deleting(pod)) {
      pods[{member_of(pod).image() == sight.image(), text_at(pod, "/metadata/name")}] = pod;
    }
  }
  if (pods.empty()) {
    throw std::runtime_error("MySQL " + in.space() + "/" + in.name() +
                             " has no pod that could be looked at");
  }
  std::vector<Json> looked_at;
  for (const auto& [key, pod] : pods) {
    co_await look_at_member(environment, in, shape, pod, sight);
    if (const auto set = sets.find(controller_of(pod)); set != sets.end()) {
      look_at_pending_options(set->second, pod, sight);
      look_at_rewritten_image(set->second, pod, sight);
    }
    looked_at.push_back(pod);
  }
  add(sight, mysql::judge_storage(sight));
  look_at_probes(newest, sight);
  co_await look_at_budgets(environment, in, std::move(looked_at), sight);
  co_await look_at_backups(environment, in, sight);
  co_return sight;
}

}  // namespace

void add_preflight_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::look_at_database, environment, look);
  add_plan_handlers(handlers, environment);
  add_image_handlers(handlers, environment);
}

}  // namespace ratchet::k8s
