// Whether a server lacks room on its disk, by SQL: no look into its pod is needed.
#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/sql.h"

namespace ratchet::k8s::provisioner {

// One row with what the server says, at most 200 characters; none if it lacks nothing.
//
// A server that cannot write a binary or relay log says so (MY-000035), and again every ten
// minutes while that lasts; when it goes on it says nothing. So its words count by themselves for
// half a minute only. After that somebody must still wait: in the state that the server has for it
// (relay logs), or in a commit that has taken five seconds. Of an applier the transaction under
// way counts, as the time in the process list is then that of its source; of the server's own
// threads (clone_gtid_thread, the group's) nothing does: they keep the state of a commit for ever.
// InnoDB does not wait: a statement fails, and the words count for as long as the next one takes to
// fail. Source: MySQL's manual, "How MySQL Handles a Full Disk", and its performance_schema tables.
inline constexpr const char* room_question = R"(
SELECT LEFT(said.DATA, 200) FROM performance_schema.error_log said
WHERE said.LOGGED > NOW(6) - INTERVAL 11 MINUTE
  AND (said.ERROR_CODE = 'MY-000035' OR said.DATA LIKE '%No space left on device%'
       OR said.DATA LIKE '%error number 28.%')
  AND (said.LOGGED > NOW(6) - INTERVAL 30 SECOND OR EXISTS (
    SELECT 1 FROM performance_schema.threads t
    LEFT JOIN performance_schema.replication_applier_status_by_worker w
      ON w.THREAD_ID = t.THREAD_ID
    WHERE t.PROCESSLIST_STATE = 'Waiting for disk space'
       OR (t.PROCESSLIST_STATE = 'waiting for handler commit'
           AND IF(w.THREAD_ID IS NULL,
                  t.PROCESSLIST_COMMAND IN ('Query', 'Execute') AND t.PROCESSLIST_TIME >= 5,
                  w.APPLYING_TRANSACTION <> '' AND
                  w.APPLYING_TRANSACTION_START_APPLY_TIMESTAMP < NOW(6) - INTERVAL 5 SECOND))))
ORDER BY said.LOGGED DESC LIMIT 1)";

// What the server says of it; empty: nothing, or it cannot say it by SQL. MySQL can from 8.0.22 on,
// MariaDB cannot. Never throws sql::Error: a question that fails is not answered. `version`: as the
// server says itself.
boost::asio::awaitable<std::string> ask_room(sql::Session& session, std::string version);

}  // namespace ratchet::k8s::provisioner
