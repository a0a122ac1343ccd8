#include "tests/k8s/provisioner/fake_group.h"

#include <algorithm>
#include <array>
#include <utility>

#include "k8s/api/version.h"
#include "k8s/provisioner/group_sql.h"
#include "tests/k8s/provisioner/fake_member.h"
#include "tests/k8s/provisioner/server_dialect.h"

namespace ratchet::k8s::testing {

namespace asio = boost::asio;
using provisioner::GtidSet;
using provisioner::MemberReport;
using provisioner::MemberState;

namespace {

constexpr int writes_prevented = 1290;
constexpr int may_not_join = 3092;
constexpr int function_failed = 3910;

// Of different releases, as a group sees it: those of one LTS series are alike.
bool is_older(const std::string& a, const std::string& b) {
  return api::compare_versions(a, b) < 0 && !in_one_lts_series(a, b);
}

// Of a group that a server of that release forms.
std::string protocol_of(const std::string& version) {
  for (const char* first : {"8.0.27", "8.0.16"}) {
    if (api::compare_versions(version, first) >= 0) return first;
  }
  return "5.7.14";
}

bool is_write(const std::string& line) {
  return std::ranges::any_of(std::array{"DELETE ", "INSERT ", "CREATE DATABASE ", "CREATE TABLE "},
                             [&](const char* begin) { return line.starts_with(begin); });
}

}  // namespace

FakeGroup::Server& FakeGroup::at(const std::string& pod) {
  const auto [entry, made] = servers_.try_emplace(pod);
  if (made) entry->second.version = version_;
  return entry->second;
}

provisioner::GroupPort FakeGroup::port() {
  provisioner::GroupPort port;
  port.look = [this](const provisioner::ProbeTarget& target) { return look(target.pod); };
  port.tell = [this](const provisioner::ProbeTarget& target, std::vector<std::string> statements,
                     provisioner::Duration) { return obey_all(target.pod, std::move(statements)); };
  return port;
}

asio::awaitable<sql::Rows> FakeGroup::answer(std::string pod, std::string statement) {
  sql::Rows rows;
  for (const auto& row : ask(pod, statement)) rows.emplace_back(row.begin(), row.end());
  co_return rows;
}

// By the provisioner's own statements.
asio::awaitable<MemberReport> FakeGroup::look(std::string pod) {
  MemberReport report;
  const provisioner::Asker asker = [this, pod](std::string statement) {
    return answer(pod, std::move(statement));
  };
  try {
    provisioner::Seen seen = co_await provisioner::ask_group_member(asker);
    co_await provisioner::ask_account(asker, seen);
    seen.no_room = at(pod).no_room;
    report.seen = std::move(seen);
    report.certificate = "c0ffee";
  } catch (const sql::Error& error) {
    report.why_not = error.what();
  }
  co_return report;
}

asio::awaitable<std::optional<std::string>> FakeGroup::obey_all(
    std::string pod, std::vector<std::string> statements) {
  try {
    if (!at(pod).up) throw sql::Error(0, "connection refused");
    for (const std::string& statement : statements) ask(pod, statement);
  } catch (const sql::Error& error) {
    co_return error.what();
  }
  co_return std::nullopt;
}

FakeGroup::Rows FakeGroup::ask(const std::string& pod, const std::string& statement) {
  const Server& server = at(pod);
  if (!server.up) throw sql::Error(0, "connection refused");
  const std::string line = on_one_line(statement);
  if (const auto refusal = misunderstood(line, server.version)) {
    refused.insert(server.version + ": " + line);
    throw sql::Error(refusal->number, refusal->words);
  }
  understood.insert(server.version + ": " + line);
  if (is_write(line)) {
    change_data(pod, line);
    return {};
  }
  const bool asks = line.starts_with("SELECT") || line.starts_with("SHOW");
  if (!asks) {
    obey(pod, line);
    return {};
  }
  if (auto rows = answer_of_any(line)) return *rows;
  if (line.find("replication_group_members") != std::string::npos ||
      line.find("group_replication_set_as_primary") != std::string::npos) {
    return about_the_group(pod, line);
  }
  return about_itself(pod, line);
}

FakeGroup::Rows FakeGroup::about_itself(const std::string& pod, const std::string& line) {
  const Server& server = at(pod);
  const std::string id = id_of_pod(pod);
  const bool open = pod == primary_ && !server.fenced;
  const auto is = [&](const char* begin) { return line.starts_with(begin); };
  if (line == "SELECT VERSION()") return {{server.version}};
  if (is("SELECT VERSION(), @@GLOBAL.version_comment")) return {{server.version, "a model"}};
  if (is("SELECT @@server_uuid, VERSION(), @@server_id")) {
    const bool online = server.state == MemberState::online;
    const std::string view = online ? "17:" + std::to_string(view_) : "";
    return {{id, server.version, std::to_string(server.server_id), server.executed.text(),
             server.purged.text(), "0", view, ""}};
  }
  if (is("SELECT @@server_uuid, @@GLOBAL.gtid_executed")) return {{id, server.executed.text()}};
  if (is("SELECT REPLACE(@@GLOBAL.gtid_executed")) return {{server.executed.text()}};
  if (is("SELECT group_replication_get_communication_protocol()")) return {{protocol_}};
  if (is("SELECT @@GLOBAL.super_read_only")) return {{open ? "0" : "1"}};
  if (is("SELECT ATTRIBUTE->>'$.ratchet'")) return {{server.account, server.fresh ? "0" : "1"}};
  if (is("SELECT WAIT_FOR_EXECUTED_GTID_SET")) {
    const GtidSet asked = GtidSet::parse(between(line, "('", "'")).value();
    if (int& late = at(pod).late; late > 0) {
      return {{"1", id + ":1-" + std::to_string(late--)}};
    }
    const GtidSet lacks = asked.minus(server.executed);
    return {{lacks.empty() ? "0" : "1", lacks.text()}};
  }
  return {};
}

// Host, state, role and id of each member that a server knows of: of itself, while it is in no
// group.
FakeGroup::Rows FakeGroup::members(const std::string& pod) {
  const auto host = [](const std::string& name) { return name + ".my-group-pods.demo.svc"; };
  const Server& server = at(pod);
  if (server.state != MemberState::online) return {{host(pod), "OFFLINE", "", id_of_pod(pod)}};
  Rows rows;
  for (const auto& [name, other] : servers_) {
    if (other.state != MemberState::online) continue;
    rows.push_back(
        {host(name), "ONLINE", name == primary_ ? "PRIMARY" : "SECONDARY", id_of_pod(name)});
  }
  std::ranges::sort(rows, {}, [](const auto& row) { return row[3]; });
  return rows;
}

FakeGroup::Rows FakeGroup::about_the_group(const std::string& pod, const std::string& line) {
  const auto is = [&](const char* begin) { return line.starts_with(begin); };
  if (is("SELECT group_replication_set_as_primary")) {
    const std::string id = between(line, "('", "'");
    make_primary(id);
    return {{"Primary server switched to: " + id}};
  }
  Rows rows;
  for (const auto& row : members(pod)) {
    if (is("SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE, MEMBER_ID")) {
      rows.push_back(row);
    } else if (is("SELECT MEMBER_ID, MEMBER_STATE, MEMBER_ROLE")) {
      rows.push_back({row[3], row[1], row[2]});
    } else if (is("SELECT MEMBER_ID FROM") && row[2] == "PRIMARY") {
      rows.push_back({row[3]});
    }
  }
  return rows;
}

void FakeGroup::change_data(const std::string& pod, const std::string& line) {
  if (pod != primary_ || at(pod).fenced) {
    throw sql::Error(writes_prevented,
                     "the server is running with the --super-read-only option so it cannot execute "
                     "this statement");
  }
  if (!line.starts_with("DELETE")) write();  // the only one that is told meets no row
}

void FakeGroup::obey(const std::string& pod, const std::string& line) {
  Server& server = at(pod);
  if (line.starts_with("SET ")) {
    set(pod, line);
  } else if (line.starts_with("ALTER USER")) {
    server.account = between(line, R"("ratchet": ")", "\"");
    told.push_back(pod + ": configure");
  } else if (line.starts_with("RESET")) {
    server.executed = GtidSet();
  } else if (line.starts_with("START GROUP_REPLICATION")) {
    start(pod);
  } else if (line.starts_with("STOP GROUP_REPLICATION")) {
    server.state = MemberState::offline;
    elect();
  } else if (line.starts_with("CLONE INSTANCE")) {
    told.push_back(pod + ": clone");
    fill(pod);
  }
}

void FakeGroup::set(const std::string& pod, const std::string& line) {
  Server& server = at(pod);
  const std::string value = line.substr(std::min(line.size(), line.find(" = ") + 3));
  const auto is = [&](const char* begin) { return line.starts_with(begin); };
  if (is("SET PERSIST server_id")) {
    server.server_id = static_cast<unsigned>(std::stoul(value));
  } else if (is("SET GLOBAL group_replication_bootstrap_group")) {
    bootstrapping_ = value == "ON";
  } else if (is("SET GLOBAL group_replication_member_weight")) {
    server.weight = std::stoi(value);
  } else if (is("SET GLOBAL super_read_only = (SELECT")) {
    told.push_back(pod + ": open");
    server.fenced = server.fenced && pod != primary_;
  } else if (is("SET GLOBAL super_read_only")) {
    server.fenced = value == "ON";
  }
}

void FakeGroup::start(const std::string& pod) {
  Server& server = at(pod);
  told.push_back(pod + (bootstrapping_ ? ": bootstrap" : ": join"));
  if (!bootstrapping_ && is_older_than_some(server.version)) {
    throw sql::Error(may_not_join,
                     "the server is not configured properly to be an active member of the group");
  }
  groups_formed += bootstrapping_ ? 1 : 0;
  if (bootstrapping_) protocol_ = protocol_of(server.version);
  if (!bootstrapping_ && primary_.empty()) return;
  // From the logs of the others; of what has the same number nothing is fetched.
  if (!primary_.empty()) server.executed = server.executed.plus(at(primary_).executed);
  server.state = MemberState::online;
  bootstrapping_ = false;
  server.fresh = false;
  ++view_;
  elect();
}

bool FakeGroup::is_newer_than_some(const std::string& version) const {
  return std::ranges::any_of(servers_, [&](const auto& entry) {
    return entry.second.state == MemberState::online && is_older(entry.second.version, version);
  });
}

bool FakeGroup::is_older_than_some(const std::string& version) const {
  return std::ranges::any_of(servers_, [&](const auto& entry) {
    return entry.second.state == MemberState::online && is_older(version, entry.second.version);
  });
}

// The oldest release first, then the most weight; among equals the servers' ids decide, which no
// test knows.
void FakeGroup::elect() {
  if (!primary_.empty() && at(primary_).state == MemberState::online) return;
  primary_.clear();
  for (const auto& [name, server] : servers_) {
    if (server.state != MemberState::online || is_newer_than_some(server.version)) continue;
    if (primary_.empty() || server.weight >= at(primary_).weight) primary_ = name;
  }
  if (!primary_.empty()) at(primary_).fenced = false;
}

void FakeGroup::make_primary(const std::string& id) {
  for (auto& [name, server] : servers_) {
    if (id_of_pod(name) != id || server.state != MemberState::online) continue;
    if (is_newer_than_some(server.version)) {
      throw sql::Error(function_failed,
                       "the function 'group_replication_set_as_primary' failed: the appointed "
                       "primary is of a version greater than some members'");
    }
    primary_ = name;
    server.fenced = false;
  }
  ++switches;
}

void FakeGroup::restart(const std::string& pod) {
  at(pod).state = MemberState::offline;
  at(pod).weight = 50;
  ++view_;
  elect();
}

void FakeGroup::fill(const std::string& pod) {
  if (primary_.empty()) return;
  Server& server = at(pod);
  const Server& donor = at(primary_);
  server.purged = server.executed = donor.executed;
  server.account = donor.account;
  server.fresh = donor.fresh;
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
