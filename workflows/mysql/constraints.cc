#include "workflows/mysql/constraints.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <vector>

namespace ratchet::mysql {

namespace {

constexpr int most = std::numeric_limits<int>::max();

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_wildcard(std::string_view text) { return text == "x" || text == "X" || text == "*"; }

std::optional<int> number(std::string_view text) {
  int value = 0;
  if (!is_number(text)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find_first_of(separators, start), text.size());
    if (end > start) parts.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

// Numbers before words, numbers by value, words by their bytes (SemVer 2, 11.4).
std::strong_ordering compare_identifiers(const std::string& a, const std::string& b) {
  const auto x = number(a);
  const auto y = number(b);
  if (x && y) return *x <=> *y;
  if (x || y) return x ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_pre_releases(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return a.empty() <=> b.empty();
  const auto left = split(a, ".");
  const auto right = split(b, ".");
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    if (const auto order = compare_identifiers(left[i], right[i]); order != 0) return order;
  }
  return left.size() <=> right.size();
}

struct Comparator {
  std::string operation;
  Partial operand;
};

// The first version after all those that the given parts stand for.
Version after(const Partial& partial, int kept_parts) {
  Version next = partial.version;
  next.pre_release.clear();
  if (kept_parts <= 0) {
    next.major = most;
  } else if (kept_parts == 1) {
    next = {next.lineage, next.major + 1, 0, 0, ""};
  } else if (kept_parts == 2) {
    next = {next.lineage, next.major, next.minor + 1, 0, ""};
  } else {
    ++next.patch;
  }
  return next;
}

int caret_parts(const Partial& partial) {
  if (partial.version.major > 0 || partial.parts < 2) return std::min(partial.parts, 1);
  if (partial.version.minor > 0 || partial.parts < 3) return 2;
  return 3;
}

bool holds(const Version& version, const Comparator& comparator) {
  const auto& [operation, operand] = comparator;
  const bool exact = operand.parts == 3;
  const bool at_least = compare(version, operand.version) >= 0;
  const bool within = exact ? compare(version, operand.version) == 0
                            : at_least && compare(version, after(operand, operand.parts)) < 0;
  if (operation.empty() || operation == "=") return within;
  if (operation == "!=") return !within;
  if (operation == ">=" || operation == "=>") return at_least;
  if (operation == "<") return !at_least;
  if (operation == ">") return at_least && !within;
  if (operation == "<=" || operation == "=<") return !at_least || within;
  const int kept = operation == "^" ? caret_parts(operand) : std::min(operand.parts, 2);
  return at_least && compare(version, after(operand, kept)) < 0;
}

std::optional<Comparator> parse_comparator(const std::string& text) {
  const std::size_t start = text.find_first_not_of("=!<>~^");
  if (start == std::string::npos) return std::nullopt;
  static constexpr std::string_view known[] = {
      "", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^"};
  Comparator comparator{.operation = text.substr(0, start), .operand = {}};
  if (std::ranges::find(known, comparator.operation) == std::end(known)) return std::nullopt;
  const auto operand = parse_partial(text.substr(start));
  if (!operand) return std::nullopt;
  comparator.operand = *operand;
  return comparator;
}

// `8.0 - 8.4` is two comparators, wherever in its group it stands.
std::string without_ranges(std::string text) {
  for (auto hyphen = text.find(" - "); hyphen != std::string::npos; hyphen = text.find(" - ")) {
    const auto last = text.find_last_not_of(' ', hyphen);
    if (last == std::string::npos) return text;  // from nowhere: not readable
    const auto before = text.find_last_of(" ,", last);
    text.replace(hyphen, 3, ",<=");
    text.insert(before == std::string::npos ? 0 : before + 1, ">=");
  }
  return text;
}

// On one side of a comma, or in the whole text.
bool has_nothing_beside_a_comma(const std::string& text) {
  bool anything = false;
  for (const char c : text) {
    if (c == ',' && !anything) return true;
    anything = c != ',' && (anything || c != ' ');
  }
  return !anything;
}

// `>= 8.4` is one comparator though a blank is in it.
std::string without_blanks_after_operators(const std::string& text) {
  std::string tight;
  for (const char c : text) {
    const bool after_operator =
        !tight.empty() && std::string_view("=!<>~^").find(tight.back()) != std::string_view::npos;
    if (c != ' ' || !after_operator) tight += c;
  }
  return tight;
}

std::optional<std::vector<Comparator>> parse_group(std::string text) {
  for (char& c : text) {
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  }
  if (has_nothing_beside_a_comma(text)) return std::nullopt;
  std::vector<Comparator> comparators;
  for (const auto& part : split(without_blanks_after_operators(without_ranges(text)), ", ")) {
    auto comparator = parse_comparator(part);
    if (!comparator) return std::nullopt;
    comparators.push_back(std::move(*comparator));
  }
  return comparators;
}

bool group_holds(const Version& version, const std::vector<Comparator>& group) {
  const bool named = std::ranges::any_of(
      group, [](const Comparator& c) { return !c.operand.version.pre_release.empty(); });
  if (!version.pre_release.empty() && !named) return false;
  return std::ranges::all_of(group, [&](const Comparator& c) { return holds(version, c); });
}

}  // namespace

std::optional<Partial> parse_partial(const std::string& text) {
  std::string core = text.substr(0, text.find('+'));
  Partial partial;
  if (const auto hyphen = core.find('-'); hyphen != std::string::npos) {
    partial.version.pre_release = core.substr(hyphen + 1);
    core.resize(hyphen);
  }
  if (!core.empty() && core.front() == 'v') core.erase(0, 1);
  const auto parts = split(core, ".");
  const auto dots = static_cast<std::size_t>(std::ranges::count(core, '.'));
  if (parts.size() != dots + 1 || parts.size() > 3) return std::nullopt;
  int* const fields[] = {&partial.version.major, &partial.version.minor, &partial.version.patch};
  for (partial.parts = 0; partial.parts < static_cast<int>(parts.size()); ++partial.parts) {
    const std::string& part = parts[static_cast<std::size_t>(partial.parts)];
    if (is_wildcard(part)) break;
    const auto value = number(part);
    if (!value) return std::nullopt;
    *fields[partial.parts] = *value;
  }
  return partial;
}

std::strong_ordering compare(const Version& a, const Version& b) {
  if (const auto order = a.major <=> b.major; order != 0) return order;
  if (const auto order = a.minor <=> b.minor; order != 0) return order;
  if (const auto order = a.patch <=> b.patch; order != 0) return order;
  return compare_pre_releases(a.pre_release, b.pre_release);
}

std::optional<bool> satisfies(const Version& version, const std::string& constraint) {
  bool satisfied = false;
  std::size_t start = 0;
  while (start <= constraint.size()) {
    const std::size_t end = std::min(constraint.find("||", start), constraint.size());
    const auto group = parse_group(constraint.substr(start, end - start));
    if (!group) return std::nullopt;
    satisfied = satisfied || group_holds(version, *group);
    start = end + 2;
  }
  return satisfied;
}

}  // namespace ratchet::mysql
