#include "k8s/provisioner/group_sql.h"

#include <utility>

#include "k8s/provisioner/semi_sync_sql.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

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

MemberState state_named(const std::string& name) {
  if (name == "ONLINE") return MemberState::online;
  if (name == "RECOVERING") return MemberState::recovering;
  if (name == "ERROR") return MemberState::error;
  if (name == "UNREACHABLE") return MemberState::unreachable;
  return MemberState::offline;
}

Seen read_myself(const Row& row) {
  Seen seen;
  read_member(row, seen);
  seen.busy = text_at(row, 5) != "0";
  seen.view = text_at(row, 6);
  seen.received = gtids_at(row, 7);
  return seen;
}

void read_group(const sql::Rows& rows, Seen& seen) {
  for (const Row& row : rows) {
    const std::string host = text_at(row, 0);
    const MemberState state = state_named(text_at(row, 1));
    if (text_at(row, 3) == seen.id) seen.state = state;
    if (host.empty() || state == MemberState::offline) continue;
    seen.peers.push_back({host.substr(0, host.find('.')), state, text_at(row, 2) == "PRIMARY"});
  }
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

asio::awaitable<std::optional<std::string>> uncopied(ProbeTarget at, std::uint16_t port,
                                                     Duration deadline) {
  std::optional<std::string> tables;
  try {
    const auto session = co_await sql::Session::connect(target_of(at, port, deadline));
    tables = co_await ask_uncopied(asker_of(*session));
    co_await session->close();
  } catch (const sql::Error&) {
    tables.reset();
  }
  co_return tables;
}

}  // namespace

asio::awaitable<Seen> ask_group_member(Asker ask) {
  const sql::Rows own = co_await ask(myself);
  Seen seen = read_myself(own.at(0));
  read_group(co_await ask(group_as_seen), seen);
  co_return seen;
}

GroupPort sql_group(std::uint16_t port, Duration deadline) {
  GroupPort group;
  group.look = [port, deadline](const ProbeTarget& at) {
    return look_at_member<Seen>(target_of(at, port, deadline), ask_group_member);
  };
  group.look_at_replica = [port, deadline](const ProbeTarget& at) {
    return look_at_member<ReplicaSeen>(target_of(at, port, deadline), ask_replica);
  };
  // All tables are looked through for it: two seconds are not enough where there are very many, and
  // without an answer there is no copy.
  group.uncopied = [port, deadline](ProbeTarget at) {
    return uncopied(std::move(at), port, 5 * deadline);
  };
  group.tell = [port](ProbeTarget at, std::vector<std::string> statements, Duration limit) {
    return tell(std::move(at), std::move(statements), port, limit);
  };
  return group;
}

}  // namespace ratchet::k8s::provisioner
