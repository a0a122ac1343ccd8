#include "tests/k8s/provisioner/fake_semi_sync.h"

#include <algorithm>
#include <array>

#include "k8s/api/version.h"
#include "k8s/provisioner/semi_sync_sql.h"
#include "tests/k8s/provisioner/fake_member.h"
#include "tests/k8s/provisioner/server_dialect.h"

namespace ratchet::k8s::testing {

namespace asio = boost::asio;
using provisioner::GtidSet;
using provisioner::ReplicaReport;

namespace {

// The value of "SET GLOBAL name = value", or empty.
std::string set_to(const std::string& statement, const std::string& name) {
  const std::string value = between(statement + ";", name + " = ", ";");
  return statement.starts_with("SET") ? value : "";
}

void assign(bool& field, const std::string& value) {
  if (!value.empty()) field = value == "ON";
}

bool lags_behind(const std::string& replica, const std::string& source) {
  return api::compare_versions(replica, source) < 0 && !in_one_lts_series(replica, source);
}

// Columns that the provisioner reads.
constexpr std::size_t widest_answer = 8;

constexpr int writes_prevented = 1290;
constexpr int no_channel = 1200;
constexpr int commits_wait = 1205;
constexpr int receiver_runs = 3021;
constexpr int replica_runs = 3081;

bool is_write(const std::string& line) {
  return std::ranges::any_of(std::array{"DELETE ", "INSERT ", "CREATE DATABASE ", "CREATE TABLE "},
                             [&](const char* begin) { return line.starts_with(begin); });
}

// As a server starts.
void forget_settings(provisioner::ReplicaSeen& seen) {
  seen.source_enabled = seen.source_on = seen.acknowledges = seen.acknowledging = false;
  seen.after_sync = seen.waits_alone = true;
  seen.wait_for = 1;
  seen.timeout_ms = 10'000;
}

[[noreturn]] void prevent_writes() {
  throw sql::Error(writes_prevented,
                   "the server is running with the --super-read-only option so it cannot execute "
                   "this statement");
}

}  // namespace

void FakeSemiSync::hear(const Server& server, const std::string& statement) {
  const std::string line = on_one_line(statement);
  const auto refusal = misunderstood(line, server.version);
  if (!refusal) return;
  refused.insert(server.version + ": " + line);
  throw sql::Error(refusal->number, refusal->words);
}

asio::awaitable<std::optional<std::string>> FakeSemiSync::obey_all(
    std::string pod, std::vector<std::string> statements) {
  if (!at(pod).up) co_return "connection refused";
  try {
    const std::string told_it = pod + ": ";
    for (const std::string& statement : statements) {
      hear(at(pod), statement);
      understood.insert(at(pod).version + ": " + on_one_line(statement));
      told.push_back(told_it + statement);
      obey(pod, statement);
    }
  } catch (const sql::Error& error) {
    co_return error.what();
  }
  co_return std::nullopt;
}

provisioner::GroupPort FakeSemiSync::port() {
  provisioner::GroupPort port;
  port.look_at_replica = [this](const provisioner::ProbeTarget& target) {
    return look(target.pod);
  };
  port.uncopied = [this](const provisioner::ProbeTarget& target) {
    return list_uncopied(target.pod);
  };
  port.tell = [this](const provisioner::ProbeTarget& target, std::vector<std::string> statements,
                     provisioner::Duration) { return obey_all(target.pod, std::move(statements)); };
  return port;
}

FakeSemiSync::Server& FakeSemiSync::at(const std::string& pod) {
  const auto [entry, made] = servers_.try_emplace(pod);
  if (made) {
    entry->second.id = id_of_pod(pod);
    entry->second.version = version_;
    entry->second.server_id = 1;
    forget_settings(entry->second);
    entry->second.executed = GtidSet::parse(entry->second.id + ":1-5").value();
  }
  return entry->second;
}

void FakeSemiSync::fill(const std::string& pod, const std::string& donor) {
  const Server copied = at(donor);
  Server& server = at(pod);
  server.executed = copied.executed;
  server.account = copied.account;
  server.has_tables = server.read_only = true;
  server.up = false;
}

void FakeSemiSync::restart(const std::string& pod) {
  Server& server = at(pod);
  server.read_only = !server.account.empty();
  server.executed = server.executed.plus(waiting_[pod]);
  waiting_.erase(pod);
  forget_settings(server);
  server.receiving = server.hears = server.applying = false;
  server.waiting = 0;
  for (auto& [name, other] : servers_) {
    if (other.source == pod) other.hears = false;  // and connects anew
  }
}

// Whether it acknowledges is agreed upon when it connects, and stands until its receiver is
// stopped.
void FakeSemiSync::catch_up(Server& server) {
  if (server.receiving && servers_.contains(server.source)) {
    const Server& source = servers_[server.source];
    if (source.up && !server.hears) server.acknowledging = server.acknowledges;
    server.hears = source.up;
    if (source.up) {
      receive(server, source.executed.plus(waiting_[server.source]).minus(server.known()));
    }
    server.has_tables = server.has_tables || (source.up && source.has_tables);
    if (source.up && lags_behind(server.version, source.version)) outdated.insert(server.id);
    release(server.source);
  }
  receive(server, {});
}

// Commits end whose acknowledgements are there.
void FakeSemiSync::release(const std::string& pod) {
  Server& server = at(pod);
  const GtidSet waiting = waiting_[pod];
  const auto acknowledged = std::ranges::count_if(servers_, [&](const auto& entry) {
    const Server& other = entry.second;
    return other.up && other.source == pod && other.hears && other.acknowledging &&
           other.known().contains(waiting);
  });
  if (!server.up || !server.source_enabled || acknowledged < server.wait_for) return;
  server.executed = server.executed.plus(waiting);
  server.waiting = 0;
  waiting_.erase(pod);
}

void FakeSemiSync::receive(Server& server, const GtidSet& transactions) {
  server.received = server.received.plus(transactions);
  if (server.applying) server.executed = server.executed.plus(server.received);
}

asio::awaitable<sql::Rows> FakeSemiSync::hear_question(std::string pod, std::string statement) {
  hear(at(pod), statement);
  sql::Rows rows;
  rows.emplace_back(widest_answer, std::string());
  co_return rows;
}

// The provisioner's questions must be understood; what they find is the model's state.
asio::awaitable<ReplicaReport> FakeSemiSync::look(std::string pod) {
  ReplicaReport report;
  Server& server = at(pod);
  if (!server.up) {
    report.why_not = "connection refused";
    co_return report;
  }
  catch_up(server);
  const provisioner::Asker asker = [this, pod](std::string statement) {
    return hear_question(pod, std::move(statement));
  };
  try {
    provisioner::ReplicaSeen unread = co_await provisioner::ask_replica(asker);
    co_await provisioner::ask_account(asker, unread);
    report.certificate = "c0ffee";
    report.seen = server;
  } catch (const sql::Error& error) {
    report.why_not = error.what();
  }
  co_return report;
}

asio::awaitable<sql::Rows> FakeSemiSync::hear_of_tables(std::string pod, std::string statement) {
  hear(at(pod), statement);
  if (!at(pod).uncopied) throw sql::Error(0, "no answer");
  sql::Rows rows;
  for (const std::string& table : *at(pod).uncopied) rows.push_back(provisioner::Row{table});
  co_return rows;
}

asio::awaitable<std::optional<std::string>> FakeSemiSync::list_uncopied(std::string pod) {
  const provisioner::Asker asker = [this, pod](std::string statement) {
    return hear_of_tables(pod, std::move(statement));
  };
  std::optional<std::string> tables;
  try {
    tables = co_await provisioner::ask_uncopied(asker);
  } catch (const sql::Error&) {
    tables.reset();
  }
  co_return tables;
}

void FakeSemiSync::obey(const std::string& pod, const std::string& statement) {
  Server& server = at(pod);
  const std::string closing = set_to(statement, "SET GLOBAL super_read_only");
  if (closing == "ON" && server.waiting > 0) throw sql::Error(commits_wait, "a commit waits");
  assign(server.read_only, closing);
  assign(server.waits_alone, set_to(statement, "source_wait_no_replica"));
  assign(server.source_enabled, set_to(statement, "rpl_semi_sync_source_enabled"));
  assign(server.acknowledges, set_to(statement, "rpl_semi_sync_replica_enabled"));
  server.source_on = server.source_enabled;
  if (const std::string point = set_to(statement, "wait_point"); !point.empty()) {
    server.after_sync = point == "AFTER_SYNC";
  }
  if (const std::string n = set_to(statement, "wait_for_replica_count"); !n.empty()) {
    server.wait_for = static_cast<unsigned>(std::stoul(n));
  }
  if (const std::string ms = set_to(statement, "source_timeout"); !ms.empty()) {
    server.timeout_ms = std::stoull(ms);
  }
  if (const std::string id = set_to(statement, "server_id"); !id.empty()) {
    server.server_id = static_cast<unsigned>(std::stoul(id));
  }
  if (statement.starts_with("ALTER USER")) {
    server.account = between(statement, R"("ratchet": ")", "\"");
  }
  const bool forgets = statement.starts_with("RESET BINARY") || statement == "RESET MASTER";
  if (forgets) {
    server.executed = GtidSet();
    numbers_.erase(server.id);
  }
  if (statement == "SHUTDOWN") restart(pod);
  obey_as_replica(pod, server, statement);
}

void FakeSemiSync::obey_as_replica(const std::string& pod, Server& server,
                                   const std::string& statement) {
  const auto is = [&](const char* begin) { return statement.starts_with(begin); };
  if (is("STOP REPLICA")) {
    const bool receiver = statement != "STOP REPLICA SQL_THREAD";
    if (receiver) server.receiving = server.hears = server.acknowledging = false;
    server.applying = server.applying && statement == "STOP REPLICA IO_THREAD";
  } else if (is("RESET REPLICA")) {
    if (server.receiving || server.applying) throw sql::Error(replica_runs, "threads run");
    server.source.clear();
    server.received = GtidSet();
  } else if (is("CHANGE")) {
    if (server.receiving) throw sql::Error(receiver_runs, "the receiver runs");
    server.source = between(statement, "SOURCE_HOST = '", ".");
    server.received = GtidSet();  // it throws its relay log away
    server.verifies = !between(statement, "SOURCE_SSL_CA = '", "'").empty();
  } else if (is("START REPLICA")) {
    const bool receiver = statement != "START REPLICA SQL_THREAD";
    if (receiver && server.source.empty()) throw sql::Error(no_channel, "it is no replica");
    server.applying = !server.source.empty();
    server.receiving = server.receiving || receiver;
    catch_up(server);
  } else if (is("CLONE")) {
    copy(pod, server, between(statement, "'@'", "."));
  }
}

void FakeSemiSync::copy(const std::string& pod, Server& server, const std::string& donor) {
  if (server.read_only && !server.executed.empty()) prevent_writes();
  server.executed = at(donor).executed;
  server.has_tables = at(donor).has_tables;
  server.received = GtidSet();
  waiting_.erase(pod);  // before it starts, which would keep them
  restart(pod);
  server.source.clear();
}

// The lowest number that it has not given yet.
GtidSet FakeSemiSync::next_of(const std::string& pod, const Server& server) {
  int& number = numbers_[server.id];
  GtidSet gtid;
  do {
    gtid = GtidSet::parse(server.id + ":" + std::to_string(++number)).value();
  } while (server.executed.plus(waiting_[pod]).contains(gtid));
  return gtid;
}

bool FakeSemiSync::write(const std::string& pod) {
  Server& server = at(pod);
  if (!server.up || server.read_only) return false;
  waiting_[pod] = waiting_[pod].plus(next_of(pod, server));
  ++server.waiting;
  for (auto& [name, other] : servers_) {
    if (other.up && other.source == pod) catch_up(other);
  }
  return server.waiting == 0;
}

namespace {

std::string word_of(bool on) { return on ? "ON" : "OFF"; }

}  // namespace

std::vector<std::vector<std::string>> FakeSemiSync::ask(const std::string& pod,
                                                        const std::string& statement) {
  Server& server = at(pod);
  if (!server.up) throw sql::Error(0, "connection refused");
  hear(server, statement);
  catch_up(server);
  const std::string line = on_one_line(statement);
  understood.insert(server.version + ": " + line);
  if (auto rows = answer_of_any(line)) return *rows;
  if (line.starts_with("SELECT")) return answer(server, line);
  if (is_write(line)) {
    change_data(pod, line);
  } else {
    obey(pod, line);
  }
  return {};
}

std::vector<std::vector<std::string>> FakeSemiSync::answer(const Server& server,
                                                           const std::string& line) {
  const auto is = [&](const char* begin) { return line.starts_with(begin); };
  if (is("SELECT @@server_uuid")) {
    return {{server.id, server.executed.text(), server.read_only ? "1" : "0"}};
  }
  if (is("SELECT SUBSTRING_INDEX(c.HOST")) {
    if (server.source.empty()) return {};
    return {{server.source,
             server.receiving && !server.hears ? "CONNECTING" : word_of(server.hears),
             word_of(server.applying), server.received.text()}};
  }
  if (is("SELECT LOWER(VARIABLE_NAME)")) {
    return {{"rpl_semi_sync_source_status", word_of(server.source_on)},
            {"rpl_semi_sync_replica_status", word_of(server.acknowledging)},
            {"rpl_semi_sync_source_wait_for_replica_count", std::to_string(server.wait_for)}};
  }
  if (is("SELECT WAIT_FOR_EXECUTED_GTID_SET")) {
    const GtidSet lacks = GtidSet::parse(between(line, "('", "'")).value().minus(server.executed);
    return {{lacks.empty() ? "0" : "1", lacks.text()}};
  }
  return {};
}

void FakeSemiSync::change_data(const std::string& pod, const std::string& line) {
  Server& server = at(pod);
  if (server.read_only) prevent_writes();
  if (line.starts_with("DELETE")) return;  // the only one that is told meets no row
  server.has_tables = server.has_tables || line.starts_with("CREATE TABLE");
  if (!write(pod)) throw sql::Error(0, "the commit waits for acknowledgements");
}

std::string FakeSemiSync::open_pods() const {
  std::string pods;
  for (const auto& [name, server] : servers_) {
    if (server.up && !server.read_only) pods += (pods.empty() ? "" : " ") + name;
  }
  return pods;
}

}  // namespace ratchet::k8s::testing
