#include "tests/k8s/provisioner/fake_group.h"

#include <algorithm>

#include "k8s/adapters/sql.h"
#include "tests/k8s/provisioner/fake_member.h"

namespace ratchet::k8s::testing {

namespace asio = boost::asio;
using provisioner::GtidSet;
using provisioner::MemberReport;
using provisioner::MemberState;

asio::awaitable<MemberReport> FakeGroup::answer(std::string pod) { co_return look(pod); }

asio::awaitable<std::optional<std::string>> FakeGroup::obey_all(
    std::string pod, std::vector<std::string> statements) {
  if (!at(pod).up) co_return "connection refused";
  for (const std::string& statement : statements) obey(pod, statement);
  co_return std::nullopt;
}

provisioner::GroupPort FakeGroup::port() {
  provisioner::GroupPort port;
  port.look = [this](const provisioner::ProbeTarget& target) { return answer(target.pod); };
  port.tell = [this](const provisioner::ProbeTarget& target, std::vector<std::string> statements,
                     provisioner::Duration) { return obey_all(target.pod, std::move(statements)); };
  return port;
}

MemberReport FakeGroup::look(const std::string& pod) {
  MemberReport report;
  const Server& server = at(pod);
  if (!server.up) {
    report.why_not = "connection refused";
    return report;
  }
  report.certificate = "c0ffee";
  auto& seen = report.seen.emplace();
  seen.id = id_of_pod(pod);
  seen.version = server.version;
  seen.server_id = server.server_id;
  seen.state = server.state;
  seen.executed = server.executed;
  seen.account = server.account;
  seen.has_tables = !server.fresh;
  seen.no_room = server.no_room;
  if (server.state != MemberState::online) return report;
  seen.view = "17:" + std::to_string(view_);
  for (const auto& [name, other] : servers_) {
    if (other.state == MemberState::online) {
      seen.peers.push_back({name, other.state, name == primary_});
    }
  }
  return report;
}

void FakeGroup::obey(const std::string& pod, const std::string& statement) {
  Server& server = at(pod);
  if (statement.find("server_id = ") != std::string::npos) {
    server.server_id = static_cast<unsigned>(std::stoul(between(statement, "server_id = ", ";")));
  } else if (statement.starts_with("ALTER USER")) {
    server.account = between(statement, R"("ratchet": ")", "\"");
    told.push_back(pod + ": configure");
  } else if (statement.starts_with("RESET")) {
    server.executed = GtidSet();
  } else if (statement.ends_with("bootstrap_group = ON")) {
    bootstrapping_ = true;
  } else if (statement.starts_with("START")) {
    told.push_back(pod + (bootstrapping_ ? ": bootstrap" : ": join"));
    groups_formed += bootstrapping_ ? 1 : 0;
    if (!bootstrapping_ && primary_.empty()) return;
    if (!primary_.empty()) server.executed = at(primary_).executed;
    server.state = MemberState::online;
    bootstrapping_ = false;
    server.fresh = false;
    ++view_;
    elect();
  } else if (statement.starts_with("SET GLOBAL super_read_only = (SELECT")) {
    told.push_back(pod + ": open");
    server.fenced = server.fenced && pod != primary_;
  } else if (statement.starts_with("STOP")) {
    server.state = MemberState::offline;
    elect();
  }
}

void FakeGroup::elect() {
  if (!primary_.empty() && at(primary_).state == MemberState::online) return;
  primary_.clear();
  for (const auto& [name, server] : servers_) {
    if (server.state == MemberState::online) primary_ = name;
  }
}

std::vector<std::vector<std::string>> FakeGroup::view() const {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, server] : servers_) {
    if (server.state != MemberState::online) continue;
    rows.push_back({id_of_pod(name), "ONLINE", name == primary_ ? "PRIMARY" : "SECONDARY"});
  }
  return rows;
}

void FakeGroup::make_primary(const std::string& id) {
  for (const auto& [name, server] : servers_) {
    if (id_of_pod(name) == id && server.state == MemberState::online) primary_ = name;
  }
  ++switches;
}

std::vector<std::vector<std::string>> FakeGroup::ask(const std::string& pod,
                                                     const std::string& statement) {
  const Server& server = at(pod);
  if (!server.up) throw sql::Error(0, "connection refused");
  const auto is = [&](const char* begin) { return statement.starts_with(begin); };
  if (auto rows = answer_of_any(statement)) return *rows;
  if (is("SELECT @@server_uuid")) return {{id_of_pod(pod), server.executed.text()}};
  if (is("SELECT MEMBER_ID, MEMBER_STATE")) {
    return server.state == MemberState::online ? view()
                                               : decltype(view()){{id_of_pod(pod), "OFFLINE", ""}};
  }
  if (is("SELECT MEMBER_ID FROM")) return {{id_of_pod(primary_)}};
  if (is("SELECT WAIT_FOR_EXECUTED_GTID_SET")) {
    const GtidSet asked = GtidSet::parse(between(statement, "('", "'")).value();
    const GtidSet lacks = asked.minus(server.executed);
    return {{lacks.empty() ? "0" : "1", lacks.text()}};
  }
  if (is("SELECT group_replication_set_as_primary")) make_primary(between(statement, "('", "'"));
  if (is("DELETE FROM mysql.help_topic") && pod != primary_) {
    throw sql::Error(1290, "the server is running with the --super-read-only option");
  }
  return {};
}

void FakeGroup::restart(const std::string& pod) {
  at(pod).state = MemberState::offline;
  ++view_;
  elect();
}

void FakeGroup::write() {
  const std::string gtid =
      "dc002fc3-c412-4d18-b1d4-66c1fbfbbc9b:" + std::to_string(++transactions_);
  for (auto& [name, server] : servers_) {
    if (server.state != MemberState::online) continue;
    server.executed = server.executed.plus(GtidSet::parse(gtid).value());
  }
}

}  // namespace ratchet::k8s::testing
