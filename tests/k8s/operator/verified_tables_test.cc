// Which tables a server that was started as another version is asked for.
#include <string>

#include <gtest/gtest.h>

#include "k8s/adapters/sql.h"
#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

bool speaks_of(const std::string& statement, const char* table) {
  return statement.find(table) != std::string::npos;
}

// Has a table of a server that is gone, and one over tables that were dropped, for years.
OpsDatabase with_tables_of_others() {
  OpsDatabase database = standalone_database();
  database.answers = [usual = database.answers](const std::string& pod,
                                                const std::string& statement) -> SqlRows {
    if (statement.starts_with("SELECT table_schema")) {
      return {{"shop", "far", "FEDERATED"},
              {"shop", "orders", "InnoDB"},
              {"shop", "parts", "MRG_MyISAM"}};
    }
    if (speaks_of(statement, "`far`")) throw sql::Error(1429, "no connection to the other server");
    if (speaks_of(statement, "`parts`")) throw sql::Error(1168, "a table of it does not exist");
    return usual(pod, statement);
  };
  return database;
}

// Red if an upgrade fails after the point of no return for what no server could read before it.
TEST(VerifiedTables, AreThoseWhoseRowsTheServerHas) {
  OpsWorld world(with_tables_of_others());
  world.request("my-upgrade", "11.8.6", "  timeout: 30s\n");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
}

// Has so many tables that it does not come to name them in time.
struct Crowded {
  int unanswered = 0;
  int read = 0;
  OpsDatabase database = standalone_database();

  Crowded() {
    database.answers = [this, usual = database.answers](const std::string& pod,
                                                        const std::string& statement) -> SqlRows {
      const bool lists = statement.starts_with("SELECT table_schema");
      if (lists && statement.find("table_schema = 'mysql'") == std::string::npos) {
        ++unanswered;
        throw sql::Error(0, "no answer within 10000 ms");
      }
      if (lists) return {{"mysql", "user", "InnoDB"}};
      if (speaks_of(statement, "SELECT 1 FROM `mysql`.`user`")) ++read;
      return usual(pod, statement);
    };
  }
};

// Red if the upgrade fails after the point of no return because nobody waits long enough.
TEST(VerifiedTables, AreTheServersOwnWhereItHasTooManyOthers) {
  Crowded crowded;
  OpsWorld world(crowded.database);
  world.request("my-upgrade", "11.8.6", "  timeout: 30s\n");
  world.finish("my-upgrade");
  EXPECT_EQ(world.phase_of("my-upgrade"), "Successful") << world.message_of("my-upgrade", "Failed");
  EXPECT_EQ(crowded.unanswered, 1);
  EXPECT_EQ(crowded.read, 1);
}

}  // namespace
}  // namespace ratchet::k8s::testing
