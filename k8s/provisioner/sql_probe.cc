#include "k8s/provisioner/sql_probe.h"

#include <utility>

#include "k8s/adapters/sql.h"
#include "k8s/provisioner/room_sql.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> ask(sql::Target target, ProbeResult& result) {
  const auto session = co_await sql::Session::connect(std::move(target));
  result.connect_error.reset();
  result.certificate = session->certificate();
  const sql::Rows rows = co_await session->query("SELECT VERSION()");
  result.version = rows.at(0).at(0).value_or("");
  result.ready = true;
  result.no_room = co_await ask_room(*session, result.version);
  co_await session->close();
}

asio::awaitable<ProbeResult> probe_by_sql(sql::Target target) {
  ProbeResult result;
  result.connect_error = "not tried";
  try {
    co_await ask(std::move(target), result);
  } catch (const sql::Error& error) {
    if (result.connect_error) result.connect_error = error.what();
  }
  co_return result;
}

}  // namespace

Prober sql_prober(std::uint16_t port, std::chrono::steady_clock::duration deadline) {
  return [port, deadline](const ProbeTarget& at) {
    return probe_by_sql({.host = at.host,
                         .port = port,
                         .user = at.user,
                         .password = at.password,
                         .certificate = at.certificate,
                         .authority = at.authority,
                         .deadline = deadline});
  };
}

}  // namespace ratchet::k8s::provisioner
