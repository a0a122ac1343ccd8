#include "k8s/provisioner/member_sql.h"

#include <charconv>
#include <utility>

#include "k8s/provisioner/group_objects.h"
#include "k8s/provisioner/member_statements.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

constexpr const char* account_and_tables = R"(
SELECT ATTRIBUTE->>'$.ratchet',
  EXISTS(SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN
         ('mysql', 'sys', 'performance_schema', 'information_schema'))
FROM (SELECT 1) AS one LEFT JOIN information_schema.USER_ATTRIBUTES
  ON HOST = '%' AND USER = )";

constexpr std::size_t most_tables_named = 20;
constexpr const char* tables_outside_innodb = R"(
SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES
WHERE TABLE_TYPE = 'BASE TABLE'
  AND ENGINE NOT IN ('InnoDB', 'MEMORY', 'BLACKHOLE', 'FEDERATED', 'PERFORMANCE_SCHEMA')
  AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
ORDER BY 1 LIMIT 21)";

}  // namespace

std::string text_at(const Row& row, std::size_t column) { return row.at(column).value_or(""); }

std::uint64_t number_of(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

GtidSet gtids_at(const Row& row, std::size_t column) {
  const auto set = GtidSet::parse(text_at(row, column));
  if (!set) throw sql::Error(0, "not a set of GTIDs: " + text_at(row, column));
  return *set;
}

void read_member(const Row& row, MemberSeen& seen) {
  seen.id = text_at(row, 0);
  seen.version = text_at(row, 1);
  seen.server_id = static_cast<unsigned>(number_of(text_at(row, 2)));
  seen.executed = gtids_at(row, 3);
  seen.purged = gtids_at(row, 4);
}

sql::Target target_of(const ProbeTarget& at, std::uint16_t port, Duration deadline) {
  return {.host = at.host,
          .port = port,
          .user = at.user,
          .password = at.password,
          .certificate = at.certificate,
          .authority = at.authority,
          .deadline = deadline};
}

Asker asker_of(sql::Session& session) {
  return [&session](std::string statement) { return session.query(std::move(statement)); };
}

asio::awaitable<void> ask_account(Asker ask, MemberSeen& seen) {
  const sql::Rows account = co_await ask(account_and_tables + quoted(replication_user));
  seen.account = text_at(account.at(0), 0);
  seen.has_tables = text_at(account.at(0), 1) != "0";
}

asio::awaitable<std::string> ask_uncopied(Asker ask) {
  const sql::Rows tables = co_await ask(tables_outside_innodb);
  std::string list;
  for (std::size_t i = 0; i < tables.size() && i < most_tables_named; ++i) {
    list += (i == 0 ? "" : ", ") + text_at(tables[i], 0);
  }
  co_return tables.size() > most_tables_named ? list + " and more" : list;
}

}  // namespace ratchet::k8s::provisioner
