#include "k8s/provisioner/semi_sync_sql.h"

#include <map>
#include <string>

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

constexpr const char* replica_itself = R"(
SELECT @@server_uuid, VERSION(), @@server_id, @@GLOBAL.gtid_executed, @@GLOBAL.gtid_purged,
  (SELECT COUNT(*) FROM performance_schema.processlist
   WHERE INFO LIKE 'START REPLICA%' OR INFO LIKE 'STOP REPLICA%' OR INFO LIKE 'CLONE INSTANCE%'
      OR INFO LIKE 'CHANGE REPLICATION%' OR INFO LIKE 'RESET %'),
  @@GLOBAL.super_read_only)";

// After the executed transactions: what was received in between counts as received.
constexpr const char* channel = R"(
SELECT c.HOST, s.SERVICE_STATE, a.SERVICE_STATE, s.RECEIVED_TRANSACTION_SET,
  s.LAST_ERROR_MESSAGE, t.LAST_ERROR_MESSAGE,
  (SELECT MAX(LAST_ERROR_MESSAGE) FROM performance_schema.replication_applier_status_by_worker
   WHERE CHANNEL_NAME = '' AND LAST_ERROR_NUMBER <> 0),
  c.SSL_CA_FILE
FROM performance_schema.replication_connection_configuration c
JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME)
JOIN performance_schema.replication_applier_status a USING (CHANNEL_NAME)
LEFT JOIN performance_schema.replication_applier_status_by_coordinator t USING (CHANNEL_NAME)
WHERE CHANNEL_NAME = '')";

constexpr const char* settings = R"(
SELECT LOWER(VARIABLE_NAME), VARIABLE_VALUE FROM performance_schema.global_variables
WHERE VARIABLE_NAME LIKE 'rpl\_semi\_sync%'
UNION ALL SELECT CONCAT('status ', LOWER(VARIABLE_NAME)), VARIABLE_VALUE
FROM performance_schema.global_status WHERE VARIABLE_NAME LIKE 'rpl\_semi\_sync%')";

ReplicaSeen read_itself(const Row& row) {
  ReplicaSeen seen;
  read_member(row, seen);
  seen.busy = text_at(row, 5) != "0";
  seen.read_only = text_at(row, 6) == "1";
  return seen;
}

void read_channel(const Row& row, ReplicaSeen& seen) {
  const std::string host = text_at(row, 0);
  seen.source = host.substr(0, host.find('.'));
  seen.receiving = text_at(row, 1) != "OFF";
  seen.hears = text_at(row, 1) == "ON";
  seen.applying = text_at(row, 2) == "ON";
  seen.received = gtids_at(row, 3);
  for (const std::size_t column : {std::size_t{4}, std::size_t{5}, std::size_t{6}}) {
    if (seen.trouble.empty()) seen.trouble = text_at(row, column);
  }
  seen.verifies = !text_at(row, 7).empty();
}

void read_settings(const sql::Rows& rows, ReplicaSeen& seen) {
  std::map<std::string, std::string> values;
  for (const Row& row : rows) values[text_at(row, 0)] = text_at(row, 1);
  const auto on = [&](const char* name) { return values[name] == "ON"; };
  seen.source_enabled = on("rpl_semi_sync_source_enabled");
  seen.source_on = on("status rpl_semi_sync_source_status");
  seen.after_sync = values["rpl_semi_sync_source_wait_point"] == "AFTER_SYNC";
  seen.waits_alone = on("rpl_semi_sync_source_wait_no_replica");
  seen.wait_for =
      static_cast<unsigned>(number_of(values["rpl_semi_sync_source_wait_for_replica_count"]));
  seen.timeout_ms = number_of(values["rpl_semi_sync_source_timeout"]);
  seen.waiting =
      static_cast<unsigned>(number_of(values["status rpl_semi_sync_source_wait_sessions"]));
  seen.acknowledges = on("rpl_semi_sync_replica_enabled");
  seen.acknowledging = on("status rpl_semi_sync_replica_status");
}

}  // namespace

asio::awaitable<ReplicaSeen> ask_replica(Asker ask) {
  const sql::Rows own = co_await ask(replica_itself);
  ReplicaSeen seen = read_itself(own.at(0));
  const sql::Rows channels = co_await ask(channel);
  if (!channels.empty()) read_channel(channels.front(), seen);
  read_settings(co_await ask(settings), seen);
  co_return seen;
}

}  // namespace ratchet::k8s::provisioner
