#include "tests/k8s/transcript/transcript.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "tests/k8s/provisioner/server_dialect.h"

namespace ratchet::k8s::testing {

namespace {

// Of sets of transactions only where they come from; of a view nothing but that there is one.
std::string masked(std::string text, const Names& names) {
  for (const auto& [real, name] : names) {
    for (auto at = text.find(real); at != std::string::npos; at = text.find(real, at)) {
      text.replace(at, real.size(), name);
      at += name.size();
    }
  }
  static const std::regex ranges("<(server-[0-9]|group)>(:[0-9]+(-[0-9]+)?)+");
  static const std::regex view("^[0-9]+:[0-9]+$");
  text = std::regex_replace(text, ranges, "<$1>:#");
  return std::regex_replace(text, view, "<view>");
}

std::string row_text(const std::vector<std::optional<std::string>>& row, const Names& names) {
  std::string line;
  for (const auto& cell : row) {
    const std::string text = masked(on_one_line(cell.value_or("")), names);
    line += (line.empty() ? "" : " | ") + (text.empty() ? "-" : text);
  }
  return line;
}

// A line's first word after its mark: of a refusal the number.
std::string first_word(const std::string& line) {
  return line.substr(0, line.find(' ', std::min<std::size_t>(line.size(), 2)));
}

bool is_shape(const std::vector<std::string>& answer) {
  return answer.size() == 1 && answer[0].starts_with("~");
}

bool agree(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a == b) return true;
  constexpr const char* nothing = "~ no rows";
  if (is_shape(a) && is_shape(b)) return a[0] == nothing || b[0] == nothing;
  const bool refusals =
      a.size() == 1 && b.size() == 1 && a[0].starts_with("!") && b[0].starts_with("!");
  return refusals && first_word(a[0]) == first_word(b[0]);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : " / ") + line;
  return text.empty() ? "(no rows)" : text;
}

}  // namespace

Entry entry_of(std::size_t server, const std::string& statement, Depth depth, const Reply& reply,
               const Names& names) {
  Entry entry;
  entry.question = std::to_string(server) + " " + masked(on_one_line(statement), names);
  if (reply.error != 0) {
    entry.answer = {"! " + std::to_string(reply.error) + " " +
                    masked(on_one_line(reply.words), names)};
  } else if (depth == Depth::shape && reply.rows.empty()) {
    entry.answer = {"~ no rows"};
  } else if (depth == Depth::shape) {
    entry.answer = {"~ " + std::to_string(reply.rows.front().size()) + " columns"};
  } else {
    for (const auto& row : reply.rows) entry.answer.push_back(row_text(row, names));
    std::ranges::sort(entry.answer);  // the servers' order is that of their ids
  }
  return entry;
}

std::string text_of(const Transcript& transcript) {
  std::string text;
  for (const Entry& entry : transcript) {
    text += "> " + entry.question + "\n";
    for (const std::string& line : entry.answer) text += line + "\n";
  }
  return text;
}

Transcript parse_transcript(const std::string& text) {
  Transcript transcript;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("> ")) {
      transcript.push_back({line.substr(2), {}});
    } else if (!transcript.empty()) {
      transcript.back().answer.push_back(line);
    }
  }
  return transcript;
}

std::vector<std::string> differences(const Transcript& a, const Transcript& b) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i >= a.size() || i >= b.size() || a[i].question != b[i].question) {
      const Transcript& longer = i < a.size() ? a : b;
      found.push_back("from here on the statements are others: " + longer[i].question);
      return found;
    }
    if (agree(a[i].answer, b[i].answer)) continue;
    found.push_back(a[i].question + ": " + joined(a[i].answer) + " <> " + joined(b[i].answer));
  }
  return found;
}

std::string pattern_of(const std::string& statement) {
  static const std::regex literal(R"('([^'\\]|\\.)*')");
  static const std::regex number(R"(\b[0-9]+\b)");
  return std::regex_replace(std::regex_replace(on_one_line(statement), literal, "?"), number, "?");
}

std::string recording_path(const std::string& recording) {
  return RATCHET_SOURCE_DIR "/tests/k8s/transcript/" + recording;
}

Transcript recorded_transcript(const std::string& recording) {
  std::ifstream file(recording_path(recording));
  if (!file) {
    throw std::runtime_error("no recording " + recording_path(recording) +
                             ": RATCHET_RECORD=1 k8s_transcript_server_test makes it");
  }
  std::ostringstream text;
  text << file.rdbuf();
  return parse_transcript(text.str());
}

std::vector<std::string> never_recorded(const std::set<std::string>& understood,
                                        const std::vector<const char*>& recordings) {
  std::set<std::string> known;
  for (const char* recording : recordings) {
    for (const Entry& entry : recorded_transcript(recording)) {
      known.insert(pattern_of(entry.question.substr(2)));
    }
  }
  std::vector<std::string> strange;
  for (const std::string& heard : understood) {
    const std::string statement = heard.substr(heard.find(": ") + 2);
    const bool newest = !misunderstood(statement, "9.7.4");
    const bool of_user = statement.starts_with("SELECT 1 FROM `shop`.");
    if (newest && !of_user && !known.contains(pattern_of(statement))) strange.push_back(statement);
  }
  return strange;
}

}  // namespace ratchet::k8s::testing
