// What releases of MySQL understand, as their manual says, so that a model of a server refuses what
// a server of its release would. The error numbers are those of each kind of refusal;
// tests/k8s/transcript shows them on a real server.
#pragma once

#include <optional>
#include <string>

namespace ratchet::k8s::testing {

struct Refusal {
  int number = 0;
  std::string words;
};

// Why a server of that version does not understand the statement; nothing: it does, or this table
// does not know better. Not about what a server understands and does not do.
std::optional<Refusal> misunderstood(const std::string& statement, const std::string& version);

// Whether a server of `version` opens files that a server of `files` has shut down slowly, as the
// servers decide it at their start.
bool opens_files_of(const std::string& files, const std::string& version);

// Both of one LTS series: their members join each other, and each may lead.
bool in_one_lts_series(const std::string& a, const std::string& b);

// The statement on one line, spaces for its line ends.
std::string on_one_line(const std::string& statement);

}  // namespace ratchet::k8s::testing
