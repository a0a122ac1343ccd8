// The steps that ask the server itself.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "k8s/adapters/adapters.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/servers.h"
#include "k8s/adapters/sql.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/image_id.h"
#include "workflows/mysql/ports.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Done;

std::string pod_name(const mysql::Server& server) {
  return "pod " + server.database().space() + "/" + server.pod();
}

// Nothing: the pod is not the one that was meant.
asio::awaitable<std::optional<Json>> find_pod(const Environment& environment,
                                              mysql::Server server) {
  auto pod = co_await find(environment, kinds::pod, Key{server.database().space(), server.pod()});
  if (pod && uid_of(*pod) != server.pod_uid()) co_return std::nullopt;
  co_return pod;
}

asio::awaitable<std::vector<SqlRows>> ask(const Environment& environment, mysql::Server server,
                                          std::vector<std::string> statements) {
  auto pod = co_await find_pod(environment, server);
  if (!pod) {
    throw Refused("gone", pod_name(server) + " was replaced by somebody else meanwhile");
  }
  co_return co_await environment.sql(server, std::move(*pod), std::move(statements));
}

const std::string& cell(const std::vector<SqlRows>& answers, std::size_t statement,
                        std::size_t column) {
  return answers.at(statement).at(0).at(column);
}

std::vector<std::string> state_questions() {
  return {"SELECT VERSION()",
          "SELECT @@GLOBAL.innodb_fast_shutdown, @@GLOBAL.innodb_max_dirty_pages_pct, "
          "@@GLOBAL.innodb_force_recovery, @@GLOBAL.innodb_max_dirty_pages_pct_lwm",
          "XA RECOVER"};
}

mysql::ServerState read_state(const std::vector<SqlRows>& answers) {
  mysql::ServerState state;
  state.set_version(cell(answers, 0, 0));
  state.set_fast_shutdown(std::atoll(cell(answers, 1, 0).c_str()));
  state.set_max_dirty_pages_pct(cell(answers, 1, 1));
  state.set_forced_recovery(std::atoll(cell(answers, 1, 2).c_str()));
  state.set_max_dirty_pages_pct_lwm(cell(answers, 1, 3));
  state.set_prepared_transactions(static_cast<std::int64_t>(answers.at(2).size()));
  return state;
}

void refuse_other_image(const mysql::ImageId& wanted, const mysql::ImageId& has,
                        const std::string& pod) {
  if (!mysql::are_different(wanted, has)) return;
  throw Refused("other_image",
                "the container mysql of " + pod + " was started from " + has.digest() +
                    ", and the plan pins " + wanted.digest() +
                    ": the tag of the image was moved since the plan was made, or the node pulled "
                    "another image by it. Find out which of the two is meant, and name that one in "
                    "the MySQLVersion by its digest (NAME@sha256:...)");
}

namespace {

// 8 MiB of 16 KiB pages: what a server writes at its end in no time.
constexpr long few_dirty_pages = 512;
// Under load the pages never run out; then the shutdown has to write what is left.
constexpr std::chrono::minutes longest_draining{2};
// Tables that are opened after the upgrade.
constexpr std::size_t most_tables = 1000;

asio::awaitable<mysql::ServerState> inspect(const Environment& environment, AttemptInfo,
                                            mysql::Server in) {
  co_return read_state(co_await ask(environment, in, state_questions()));
}

asio::awaitable<Done> prepare(const Environment& environment, AttemptInfo,
                              mysql::PrepareShutdown in) {
  std::vector<std::string> orders{
      std::string("SET GLOBAL innodb_fast_shutdown = ") + (in.slow() ? "0" : "1"),
      "SET GLOBAL innodb_max_dirty_pages_pct = 0"};
  co_await ask(environment, in.server(), std::move(orders));

  const engine::Time until = environment.now() + longest_draining;
  while (environment.now() < until) {
    std::vector<std::string> question{"SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'"};
    const auto answers = co_await ask(environment, in.server(), std::move(question));
    if (std::atol(cell(answers, 0, 1).c_str()) <= few_dirty_pages) break;
    co_await environment.pause(environment.look_every);
  }
  co_return Done{};
}

// A server that was started anew has its own settings again, and one that ends needs none.
asio::awaitable<Done> restore(const Environment& environment, AttemptInfo,
                              mysql::RestoreSettings in) {
  auto pod = co_await find_pod(environment, in.server());
  if (!pod || is_deleting(*pod)) co_return Done{};
  std::vector<std::string> orders{
      "SET GLOBAL innodb_fast_shutdown = " + std::to_string(in.former().fast_shutdown()),
      "SET GLOBAL innodb_max_dirty_pages_pct = " + in.former().max_dirty_pages_pct()};
  const std::string& low = in.former().max_dirty_pages_pct_lwm();
  if (!low.empty()) orders.push_back("SET GLOBAL innodb_max_dirty_pages_pct_lwm = " + low);
  co_await environment.sql(in.server(), std::move(*pod), std::move(orders));
  co_return Done{};
}

std::string quoted(const std::string& name) {
  std::string text = "`";
  for (const char c : name) text += c == '`' ? std::string("``") : std::string(1, c);
  return text + "`";
}

void refuse_other_version(const mysql::VerifyServer& in, const std::string& version) {
  if (mysql::same_release(version, in.version())) return;
  throw Refused("other_version", "the server in " + pod_name(in.server()) + " is version " +
                                     version + ", not " + in.version() +
                                     ": the image of the MySQLVersion does not hold what it says");
}

asio::awaitable<void> expect_image(const Environment& environment, mysql::VerifyServer in) {
  if (!in.has_image_id()) co_return;
  const auto pod = co_await find_pod(environment, in.server());
  if (pod) refuse_other_image(in.image_id(), image_id_in(*pod), pod_name(in.server()));
}

// Engines of tables whose rows are elsewhere: on other servers, or in other tables, which may be
// gone for years. That they cannot be read says nothing about the files of this server.
constexpr std::array<std::string_view, 5> engines_of_others = {"FEDERATED", "MRG_MYISAM", "CONNECT",
                                                               "SPIDER", "SPHINX"};

// A row: schema, name, engine.
bool is_elsewhere(const std::vector<std::string>& table) {
  std::string engine = table.size() > 2 ? table[2] : "";
  std::ranges::transform(engine, engine.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return std::ranges::find(engines_of_others, engine) != engines_of_others.end();
}

// In no order: for one a server lists all it has before it gives the first.
std::vector<std::string> some_tables(const std::string& of_schemas) {
  return {
      "SELECT table_schema, table_name, engine FROM information_schema.tables WHERE table_type = "
      "'BASE TABLE' AND table_schema " +
      of_schemas + " LIMIT " + std::to_string(most_tables)};
}

// A server that has no table of tables looks at the files of all of them before it answers, which
// with very many takes longer than an answer may. The database is on its new version by then, so
// its own tables must do.
asio::awaitable<SqlRows> tables_to_read(const Environment& environment, mysql::VerifyServer in) {
  try {
    auto all = co_await ask(environment, in.server(),
                            some_tables("NOT IN ('information_schema', 'performance_schema')"));
    co_return std::move(all.at(0));
  } catch (const sql::Error& error) {
    if (error.number() != 0) throw;  // it has answered
  }
  auto own = co_await ask(environment, in.server(), some_tables("= 'mysql'"));
  co_return std::move(own.at(0));
}

asio::awaitable<mysql::VerifiedServer> look_at_tables(const Environment& environment,
                                                      mysql::VerifyServer in) {
  std::vector<std::string> question{"SELECT VERSION()"};
  const auto answers = co_await ask(environment, in.server(), std::move(question));
  const std::string version = cell(answers, 0, 0);
  refuse_other_version(in, version);
  co_await expect_image(environment, in);

  const SqlRows tables = co_await tables_to_read(environment, in);
  std::vector<std::string> reads;
  for (const auto& table : tables) {
    if (is_elsewhere(table)) continue;
    reads.push_back("SELECT 1 FROM " + quoted(table.at(0)) + "." + quoted(table.at(1)) +
                    " LIMIT 1");
  }
  mysql::VerifiedServer verified;
  verified.set_version(version);
  verified.set_tables(static_cast<std::int64_t>(reads.size()));
  co_await ask(environment, in.server(), std::move(reads));
  co_return verified;
}

asio::awaitable<mysql::VerifiedServer> verify(const Environment& environment, AttemptInfo,
                                              mysql::VerifyServer in) {
  for (;;) {
    std::string why;
    try {
      co_return co_await look_at_tables(environment, in);
    } catch (const Refused&) {
      throw;
    } catch (const std::exception& e) {
      why = e.what();
    }
    co_await wait_on(environment, in.deadline_us(),
                     "the server in " + pod_name(in.server()) + " does not answer: " + why);
  }
}

}  // namespace

void add_server_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::inspect_server, environment, inspect);
  handle(handlers, mysql::prepare_shutdown, environment, prepare);
  handle(handlers, mysql::restore_settings, environment, restore);
  handle(handlers, mysql::verify_server, environment, verify);
}

}  // namespace ratchet::k8s
