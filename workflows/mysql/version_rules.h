// Which server versions may follow which, as the servers themselves decide it at their start, and
// the constraint language of the version catalogue. Pure; an adapter asks on behalf of the activity
// check_upgrade, so that an answer is recorded and later changes of this table do not change it.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "workflows/mysql/ports.pb.h"

namespace ratchet::mysql {

// spec.topology.mode of what can be upgraded member by member.
inline constexpr const char* replication_group = "GroupReplication";
inline constexpr const char* semi_sync = "SemiSync";

enum class Lineage { mysql, mariadb };

struct Version {
  Lineage lineage = Lineage::mysql;
  int major = 0;
  int minor = 0;
  int patch = 0;
  std::string pre_release;  // after '-', as in 8.0.31-innodb; never for a server's own suffix

  bool same_series(const Version& other) const {
    return lineage == other.lineage && major == other.major && minor == other.minor;
  }
};

// Reads `8`, `8.0`, `8.0.36`, `8.0.31-innodb`, `10.11.6-MariaDB-0+deb12u1`. Nothing if it is none.
// The two lineages share no major: MySQL has 5, 8, 9, then calendar years from 26 on; MariaDB has
// 10 to 19.
std::optional<Version> parse_version(const std::string& text);

// By number, then pre-release as SemVer 2 says; lineage is not compared.
std::strong_ordering compare(const Version& a, const Version& b);

// Whether two texts name the same release; a server's own suffix does not count.
bool same_release(const std::string& a, const std::string& b);

// Whether a constraint such as ">= 8.4.8, <= 9.7.1" or "5.7 || ^8.0.29" holds. Nothing if it
// cannot be read.
std::optional<bool> satisfies(const Version& version, const std::string& constraint);

// Why the server would refuse to go this way; empty if it would not.
std::vector<std::string> path_blockers(const Version& from, const Version& to);

// Both of one LTS series of MySQL: a cluster need not get another StatefulSet.
bool within_lts_series(const Version& from, const Version& to);

// The answer to check_upgrade.
UpgradeRules rules_for(const Database& database);

}  // namespace ratchet::mysql
