// What servers of a cluster answered to a list of statements, as a text that people read and tests
// compare: of real servers, kept in the files beside this one, and of the models (fake_group.h,
// fake_semi_sync.h).
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "k8s/adapters/sql.h"

namespace ratchet::k8s::testing {

// How much of an answer is the same for every server of a release.
enum class Depth {
  rows,  // all of it, names masked
  shape  // how many columns, if there are rows at all: the cells are the moment's, or the machine's
};

struct Reply {
  sql::Rows rows = {};
  int error = 0;  // the server refused, and this is its number
  std::string words = {};
};

// Texts that no two recordings have alike, and what stands for them.
using Names = std::vector<std::pair<std::string, std::string>>;

struct Entry {
  std::string question;             // "<number of the server> <statement>"
  std::vector<std::string> answer;  // "! <number> <words>", "~ <shape>" or a row a line
  bool operator==(const Entry&) const = default;
};
using Transcript = std::vector<Entry>;

Entry entry_of(std::size_t server, const std::string& statement, Depth depth, const Reply& reply,
               const Names& names);

// A comment begins with '#', a question with '>', and what follows is its answer.
std::string text_of(const Transcript& transcript);
Transcript parse_transcript(const std::string& text);

// What one recording says and another does not, a line for each; empty: they agree. Words of
// refusals do not count, their numbers do; a shape without rows agrees with any.
std::vector<std::string> differences(const Transcript& a, const Transcript& b);

// The statement without what differs between one use of it and another: texts and numbers.
std::string pattern_of(const std::string& statement);

// Recordings of real servers: of a replication group, and of a semi-synchronous cluster.
inline constexpr const char* group_recording = "mysql-9.7.4.txt";
inline constexpr const char* semi_sync_recording = "mysql-9.7.4-semi-sync.txt";

// Of these, "version: statement", the statements that a server of 9.7.4 would understand and that
// no real one was told in the recordings. But for a row of a user's table, which none of those had.
std::vector<std::string> never_recorded(const std::set<std::string>& understood,
                                        const std::vector<const char*>& recordings);

// Throws std::runtime_error that says how it is made.
Transcript recorded_transcript(const std::string& recording = group_recording);
std::string recording_path(const std::string& recording);

}  // namespace ratchet::k8s::testing
