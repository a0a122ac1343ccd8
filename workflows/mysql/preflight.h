// Pre-flight: what is looked at on a live server before an upgrade touches it, and what the answers
// mean. Pure: the SQL is data, somebody else runs it (k8s/adapters/preflight_steps.cc), and the
// findings are recorded, so that a later table judges no past run again. docs/PREFLIGHT.md lists
// the checks; a test compares.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workflows/mysql/plan.pb.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql {

// What decides which checks apply: the running server's own words, not the catalogue's.
struct Context {
  Version from;  // version(), with the lineage that version_comment says
  Version to;
  std::string comment = {};  // @@version_comment
  bool in_group = false;     // the server is a member of a replication group
  bool is_cloned = false;    // CLONE fills the volumes of a new StatefulSet from its cluster
};

// `version` and `comment` as the server says them. Nothing if the version is none.
std::optional<Version> server_version(const std::string& version, const std::string& comment);

using SqlTable = std::vector<std::vector<std::string>>;  // NULL as empty text

struct Check;
// What the rows mean. Columns are those that the check's SQL selects.
using Judge = std::vector<Finding> (*)(const Check& check, const SqlTable& rows,
                                       const Context& context);

// The first release of a series in which something is otherwise.
struct Release {
  int major = 0;
  int minor = 0;
  int patch = 0;
};

// group: MySQL's that are members of one; cloned: MySQL's whose cluster is.
enum class Servers { all, mysql, mariadb, group, cloned };
enum class Scope { server, database };  // asked of each server, or of one

struct Check {
  const char* id;
  Severity severity;
  Servers servers;
  Scope scope;
  // The release whose rules are another: the check applies if the upgrade goes from before it to it
  // or beyond. 0: always.
  Release crosses;
  std::string sql;  // reads only
  // Texts with {0}, {1}: columns of the row; {i0}: as a quoted identifier; {s0}: as a string;
  // {from}, {to}: the versions.
  std::string what;
  std::string fix;
  bool passing = false;
  // The releases of the running server that understand the SQL: from `since` on, before `before`.
  Release since = {};
  Release before = {};
  Judge judge = nullptr;  // null: each row is a finding
};

// All checks of both lineages.
std::vector<Check> all_checks();
// Those that apply to the way from one version to the other.
std::vector<Check> checks_for(const Context& context);

// At most `most_findings` of one check, then one that counts the rest.
inline constexpr std::size_t most_findings = 20;
std::vector<Finding> judge(const Check& check, const SqlTable& rows, const Context& context);

// What no row can show: the way itself, the fork, a catalogue that says otherwise.
std::vector<Finding> judge_versions(const Context& context, const std::string& server,
                                    const std::string& catalogue, const std::string& target);
// Whether the volume has room for what the upgrade writes.
std::vector<Finding> judge_disk(const MemberSight& member);
// Whether the data of all members outlives the pods, which an upgrade deletes.
std::vector<Finding> judge_storage(const Sight& sight);

// Whether the volume of a new StatefulSet's member, of that size, has room for a copy of this
// one's. 0: its size is not known.
std::vector<Finding> judge_new_claim(const MemberSight& member, std::int64_t new_claim_bytes);

// Why a server has no answer to a check.
struct Unanswered {
  int number = 0;            // the server's error; 0: nothing was heard of it
  std::string words;         // the server's
  std::string account = {};  // that asked, as CURRENT_USER() names it; empty: not known
};
// The server would answer an account that may do more.
bool lacks_privilege(const Unanswered& why);
// The finding that a check was not made, with the GRANT that is missing. It is part of the plan, in
// words that are the same in each look, unless another look may have an answer.
Finding unasked(const Check& check, const Unanswered& why);

// For the tables of checks.
Finding finding(const Check& check, const std::vector<std::string>& row, const Context& context);
bool is_before(const Version& version, const Release& release);

std::vector<Check> server_checks();   // preflight_server.cc: of both lineages, about the moment
std::vector<Check> mysql_checks();    // preflight_mysql.cc
std::vector<Check> former_checks();   // preflight_former.cc: what only releases before 8.0.29 make
std::vector<Check> mysql_names();     // preflight_names.cc: names that became keywords
std::vector<Check> cluster_checks();  // preflight_cluster.cc: of what only clusters have
std::vector<Check> mariadb_checks();  // preflight_mariadb.cc

}  // namespace ratchet::mysql
