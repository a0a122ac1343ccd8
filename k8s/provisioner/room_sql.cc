#include "k8s/provisioner/room_sql.h"

#include "k8s/api/version.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

// It keeps what it wrote into its error log in a table, too.
bool has_error_log_table(const std::string& version) {
  return version.find("MariaDB") == std::string::npos &&
         api::compare_versions(api::version_digits(version), "8.0.22") >= 0;
}

}  // namespace

asio::awaitable<std::string> ask_room(sql::Session& session, std::string version) {
  std::string said;
  if (!has_error_log_table(version)) co_return said;
  try {
    const sql::Rows rows = co_await session.query(room_question);
    if (!rows.empty()) said = rows.front().at(0).value_or("");
  } catch (const sql::Error&) {
    said.clear();
  }
  co_return said;
}

}  // namespace ratchet::k8s::provisioner
