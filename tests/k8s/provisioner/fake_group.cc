#include "tests/k8s/provisioner/fake_group.h"

#include <algorithm>

namespace ratchet::k8s::testing {

namespace asio = boost::asio;
using provisioner::GtidSet;
using provisioner::MemberReport;
using provisioner::MemberState;

namespace {

// "my-group-2" -> a UUID of its own.
std::string id_of(const std::string& pod) {
  return "0000000" + pod.substr(pod.size() - 1) + "-0000-4000-8000-000000000000";
}

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const auto begin = text.find(from);
  if (begin == std::string::npos) return "";
  const auto start = begin + from.size();
  return text.substr(start, text.find(to, start) - start);
}

}  // namespace

provisioner::GroupPort FakeGroup::port() {
  provisioner::GroupPort port;
  port.look = [this](provisioner::ProbeTarget target) -> asio::awaitable<MemberReport> {
    co_return look(target.pod);
  };
  port.tell = [this](provisioner::ProbeTarget target, std::vector<std::string> statements,
                     provisioner::Duration) -> asio::awaitable<std::optional<std::string>> {
    if (!at(target.pod).up) co_return "connection refused";
    for (const std::string& statement : statements) obey(target.pod, statement);
    co_return std::nullopt;
  };
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
  seen.id = id_of(pod);
  seen.version = "9.7.4";
  seen.server_id = server.server_id;
  seen.state = server.state;
  seen.executed = server.executed;
  seen.account = server.account;
  seen.has_tables = !server.fresh;
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
