// What the ways of asking a member by SQL have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/adapters/sql.h"
#include "k8s/provisioner/context.h"
#include "k8s/provisioner/room_sql.h"

namespace ratchet::k8s::provisioner {

using Row = std::vector<std::optional<std::string>>;

// Empty where the row has NULL.
std::string text_at(const Row& row, std::size_t column);
// 0 if it is none.
std::uint64_t number_of(const std::string& text);
// Throws sql::Error: a set that cannot be read must not pass for an empty one.
GtidSet gtids_at(const Row& row, std::size_t column);

// The five columns that every look at a member begins its row with: @@server_uuid, VERSION(),
// @@server_id, @@GLOBAL.gtid_executed, @@GLOBAL.gtid_purged. Throws as gtids_at does.
void read_member(const Row& row, MemberSeen& seen);

sql::Target target_of(const ProbeTarget& at, std::uint16_t port, Duration deadline);

// Whoever answers a statement with rows: a session with a server; in tests, a model of one. Throws
// sql::Error.
using Asker = std::function<boost::asio::awaitable<sql::Rows>(std::string statement)>;

// The session must outlive it.
Asker asker_of(sql::Session& session);

// The mark of the replication account, and whether there are tables of users. `seen` must outlive
// it.
boost::asio::awaitable<void> ask_account(Asker ask, MemberSeen& seen);

// The tables of which CLONE, which copies what InnoDB has, copies no rows: "shop.a, shop.b". Empty:
// there is none. Of MEMORY tables no restart leaves rows either.
boost::asio::awaitable<std::string> ask_uncopied(Asker ask);

// The member as `ask` reads it, or why not: whatever goes wrong is an answer.
template <class Seen>
boost::asio::awaitable<ReportOf<Seen>> look_at_member(
    sql::Target target, boost::asio::awaitable<Seen> (*ask)(Asker asker)) {
  ReportOf<Seen> report;
  try {
    const auto session = co_await sql::Session::connect(std::move(target));
    report.certificate = session->certificate();
    const Asker asker = asker_of(*session);
    Seen seen = co_await ask(asker);
    co_await ask_account(asker, seen);
    seen.no_room = co_await ask_room(*session, seen.version);
    report.seen = std::move(seen);
    co_await session->close();
  } catch (const sql::Error& error) {
    report.why_not = error.what();
  }
  co_return report;
}

}  // namespace ratchet::k8s::provisioner
