#include "k8s/provisioner/group_sql.h"

#include <charconv>
#include <memory>
#include <utility>

#include "k8s/adapters/sql.h"
#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/group_statements.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

using Row = std::vector<std::optional<std::string>>;

constexpr const char* myself = R"(
SELECT @@server_uuid, VERSION(), @@server_id, @@GLOBAL.gtid_executed, @@GLOBAL.gtid_purged,
  (SELECT COUNT(*) FROM performance_schema.processlist
   WHERE INFO LIKE 'START GROUP_REPLICATION%' OR INFO LIKE 'STOP GROUP_REPLICATION%'
      OR INFO LIKE 'CLONE INSTANCE%'),
  (SELECT VIEW_ID FROM performance_schema.replication_group_member_stats
   WHERE MEMBER_ID = @@server_uuid),
  (SELECT RECEIVED_TRANSACTION_SET FROM performance_schema.replication_connection_status
   WHERE CHANNEL_NAME = 'group_replication_applier'))";

constexpr const char* group_as_seen = R"(
SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE, MEMBER_ID
FROM performance_schema.replication_group_members)";

constexpr const char* account_and_tables = R"(
SELECT ATTRIBUTE->>'$.ratchet',
  EXISTS(SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN
         ('mysql', 'sys', 'performance_schema', 'information_schema'))
FROM (SELECT 1) AS one LEFT JOIN information_schema.USER_ATTRIBUTES
  ON HOST = '%' AND USER = )";

std::string text(const Row& row, std::size_t column) { return row.at(column).value_or(""); }

unsigned number(const std::string& text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// A set that cannot be read must not pass for an empty one.
GtidSet gtids(const Row& row, std::size_t column) {
  const auto set = GtidSet::parse(text(row, column));
  if (!set) throw sql::Error(0, "not a set of GTIDs: " + text(row, column));
  return *set;
}

MemberState state_named(const std::string& name) {
  if (name == "ONLINE") return MemberState::online;
  if (name == "RECOVERING") return MemberState::recovering;
  if (name == "ERROR") return MemberState::error;
  if (name == "UNREACHABLE") return MemberState::unreachable;
  return MemberState::offline;
}

Seen read_myself(const Row& row) {
  Seen seen;
  seen.id = text(row, 0);
  seen.version = text(row, 1);
  seen.server_id = number(text(row, 2));
  seen.executed = gtids(row, 3);
  seen.purged = gtids(row, 4);
  seen.busy = text(row, 5) != "0";
  seen.view = text(row, 6);
  seen.received = gtids(row, 7);
  return seen;
}

void read_group(const sql::Rows& rows, Seen& seen) {
  for (const Row& row : rows) {
    const std::string host = text(row, 0);
    const MemberState state = state_named(text(row, 1));
    if (text(row, 3) == seen.id) seen.state = state;
    if (host.empty() || state == MemberState::offline) continue;
    seen.peers.push_back({host.substr(0, host.find('.')), state, text(row, 2) == "PRIMARY"});
  }
}

sql::Target target_of(const ProbeTarget& at, std::uint16_t port, Duration deadline) {
  return {.host = at.host,
          .port = port,
          .user = at.user,
          .password = at.password,
          .certificate = at.certificate,
          .deadline = deadline};
}

asio::awaitable<MemberReport> look(ProbeTarget at, std::uint16_t port, Duration deadline) {
  MemberReport report;
  try {
    const auto session = co_await sql::Session::connect(target_of(at, port, deadline));
    report.certificate = session->certificate();
    const sql::Rows own = co_await session->query(myself);
    Seen seen = read_myself(own.at(0));
    read_group(co_await session->query(group_as_seen), seen);
    const sql::Rows account =
        co_await session->query(account_and_tables + quoted(replication_user));
    seen.account = text(account.at(0), 0);
    seen.has_tables = text(account.at(0), 1) != "0";
    report.seen = std::move(seen);
    co_await session->close();
  } catch (const sql::Error& error) {
    report.why_not = error.what();
  }
  co_return report;
}

asio::awaitable<std::optional<std::string>> tell(ProbeTarget at, std::vector<std::string> words,
                                                 std::uint16_t port, Duration deadline) {
  try {
    const auto session = co_await sql::Session::connect(target_of(at, port, deadline));
    for (const std::string& statement : words) co_await session->execute(statement);
    co_await session->close();
  } catch (const sql::Error& error) {
    co_return error.what();
  }
  co_return std::nullopt;
}

}  // namespace

GroupPort sql_group(std::uint16_t port, Duration deadline) {
  GroupPort group;
  group.look = [port, deadline](ProbeTarget at) { return look(std::move(at), port, deadline); };
  group.tell = [port](ProbeTarget at, std::vector<std::string> statements, Duration limit) {
    return tell(std::move(at), std::move(statements), port, limit);
  };
  return group;
}

}  // namespace ratchet::k8s::provisioner
