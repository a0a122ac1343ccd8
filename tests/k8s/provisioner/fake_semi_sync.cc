#include "tests/k8s/provisioner/fake_semi_sync.h"

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
    for (const std::string& statement : statements) {
      hear(at(pod), statement);
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
  port.tell = [this](const provisioner::ProbeTarget& target, std::vector<std::string> statements,
                     provisioner::Duration) { return obey_all(target.pod, std::move(statements)); };
  return port;
}

FakeSemiSync::Server& FakeSemiSync::at(const std::string& pod) {
  const auto [entry, made] = servers_.try_emplace(pod);
  if (made) {
    entry->second.id = id_of_pod(pod);
    entry->second.version = version_;
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
  server.source_enabled = server.source_on = server.acknowledges = server.acknowledging = false;
  server.receiving = server.hears = server.applying = false;
  server.waiting = 0;
}

void FakeSemiSync::catch_up(Server& server) {
  if (!server.receiving || !servers_.contains(server.source)) return;
  const Server& source = servers_[server.source];
  server.hears = source.up;
  server.acknowledging = server.hears && server.acknowledges;
  if (!source.up) return;
  server.executed = server.executed.plus(source.executed);
  if (lags_behind(server.version, source.version)) outdated.insert(server.id);
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

void FakeSemiSync::obey(const std::string& pod, const std::string& statement) {
  told.push_back(pod + ": " + statement);
  Server& server = at(pod);
  assign(server.read_only, set_to(statement, "SET GLOBAL super_read_only"));
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
  if (forgets) server.executed = GtidSet();
  if (statement == "SHUTDOWN") restart(pod);
  obey_as_replica(pod, server, statement);
}

void FakeSemiSync::obey_as_replica(const std::string& pod, Server& server,
                                   const std::string& statement) {
  if (statement.starts_with("STOP REPLICA")) {
    server.receiving = server.hears = server.acknowledging = false;
    server.applying = server.applying && statement != "STOP REPLICA";
  } else if (statement.starts_with("RESET REPLICA")) {
    server.source.clear();
  } else if (statement.starts_with("CHANGE")) {
    server.source = between(statement, "SOURCE_HOST = '", ".");
    server.verifies = !between(statement, "SOURCE_SSL_CA = '", "'").empty();
  } else if (statement.starts_with("START REPLICA")) {
    server.applying = true;
    server.receiving = server.receiving || statement != "START REPLICA SQL_THREAD";
    catch_up(server);
  } else if (statement.starts_with("CLONE")) {
    if (server.read_only && !server.executed.empty()) return;  // a real one: error 1290
    server.executed = at(between(statement, "'@'", ".")).executed;
    waiting_.erase(pod);
    restart(pod);
    server.source.clear();
  }
}

bool FakeSemiSync::write(const std::string& pod) {
  Server& server = at(pod);
  if (!server.up || server.read_only) return false;
  const GtidSet gtid = GtidSet::parse(server.id + ":" + std::to_string(++transactions_)).value();
  unsigned acknowledgements = 0;
  for (auto& [name, other] : servers_) {
    if (!other.up || other.source != pod) continue;
    catch_up(other);
    if (!other.hears) continue;
    other.executed = other.executed.plus(gtid);
    if (other.acknowledging) ++acknowledgements;
  }
  const bool acknowledged = server.source_enabled && acknowledgements >= server.wait_for;
  if (acknowledged) {
    server.executed = server.executed.plus(gtid);
  } else {
    waiting_[pod] = waiting_[pod].plus(gtid);
    ++server.waiting;
  }
  return acknowledged;
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
  if (auto rows = answer_of_any(statement)) return *rows;
  const auto is = [&](const char* begin) { return statement.starts_with(begin); };
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
    const GtidSet lacks =
        GtidSet::parse(between(statement, "('", "'")).value().minus(server.executed);
    return {{lacks.empty() ? "0" : "1", lacks.text()}};
  }
  if (is("DELETE FROM mysql.help_topic") && server.read_only) {
    throw sql::Error(1290, "the server is running with the --super-read-only option");
  }
  return {};
}

std::string FakeSemiSync::open_pods() const {
  std::string pods;
  for (const auto& [name, server] : servers_) {
    if (server.up && !server.read_only) pods += (pods.empty() ? "" : " ") + name;
  }
  return pods;
}

}  // namespace ratchet::k8s::testing
