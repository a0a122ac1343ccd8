#include "tools/ratchetctl/table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace ratchet::ratchetctl {

namespace {

constexpr std::string_view gap = "  ";
constexpr std::size_t narrowest = 6;
constexpr char32_t malformed = 0xFFFD;

// Takes the first character off the text; U+FFFD, one byte, where it is not UTF-8.
char32_t next_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xC2 ? 0
                           : first < 0xE0 ? 2
                           : first < 0xF0 ? 3
                           : first < 0xF5 ? 4
                                          : 0;
  bool whole = size > 0 && size <= text.size();
  for (std::size_t i = 1; whole && i < size; ++i) whole = (byte(i) & 0xC0) == 0x80;
  if (!whole) {
    text.remove_prefix(1);
    return malformed;
  }
  char32_t c = size == 1 ? first : first & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) c = c << 6 | (byte(i) & 0x3FU);
  text.remove_prefix(size);
  return c;
}

using Range = std::pair<char32_t, char32_t>;

template <std::size_t N>
bool in(const std::array<Range, N>& ranges, char32_t c) {
  return std::ranges::any_of(ranges, [c](Range r) { return c >= r.first && c <= r.second; });
}

// The blocks that matter of Unicode's general category Mn/Cf and of East Asian Width W/F.
constexpr std::array<Range, 7> of_no_width{{{0x0300, 0x036F},
                                            {0x0483, 0x0489},
                                            {0x200B, 0x200F},
                                            {0x202A, 0x202E},
                                            {0x2060, 0x206F},
                                            {0xFE00, 0xFE0F},
                                            {0xFEFF, 0xFEFF}}};
constexpr std::array<Range, 9> of_two_columns{{{0x1100, 0x115F},
                                               {0x2E80, 0xA4CF},
                                               {0xAC00, 0xD7A3},
                                               {0xF900, 0xFAFF},
                                               {0xFE30, 0xFE6F},
                                               {0xFF00, 0xFF60},
                                               {0xFFE0, 0xFFE6},
                                               {0x1F300, 0x1FAFF},
                                               {0x20000, 0x3FFFD}}};

std::size_t columns_of(char32_t c) {
  if (in(of_no_width, c)) return 0;
  return in(of_two_columns, c) ? 2 : 1;
}

// Controls, and the marks that would make a terminal show text in another order.
bool steers_terminal(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

const char* code_of(Style style) {
  switch (style) {
    case Style::good:
      return "\033[32m";
    case Style::bad:
      return "\033[31m";
    case Style::warning:
      return "\033[33m";
    case Style::faint:
      return "\033[2m";
    case Style::plain:
      break;
  }
  return "";
}

}  // namespace

Screen screen_of_stdout() {
  if (isatty(STDOUT_FILENO) == 0) return {};
  winsize size{};
  ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
  const char* no_colour = std::getenv("NO_COLOR");
  return {no_colour == nullptr || *no_colour == '\0', size.ws_col};
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) width += columns_of(next_character(text));
  return width;
}

std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = next_character(text);
    if (c == '\n' || c == '\t') {
      out += ' ';
    } else if (c == malformed || steers_terminal(c)) {
      out += "\uFFFD";
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  std::size_t used = 1;  // the ellipsis
  std::string_view rest = text;
  std::size_t kept = 0;
  while (!rest.empty()) {
    used += columns_of(next_character(rest));
    if (used > width) break;
    kept = text.size() - rest.size();
  }
  return std::string(text.substr(0, kept)) + "…";
}

std::string styled(std::string_view text, Style style, const Screen& screen) {
  if (!screen.colours || style == Style::plain || text.empty()) return std::string(text);
  return std::string(code_of(style)).append(text) + "\033[0m";
}

Table::Table(std::vector<Column> columns, Screen screen)
    : columns_(std::move(columns)), screen_(screen) {
  for (const Column& column : columns_) {
    widths_.push_back(std::max(column.least, width_of(column.title)));
  }
}

void Table::add(std::vector<Cell> row) {
  row.resize(columns_.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i].text = one_line(row[i].text);
    widths_[i] = std::max(widths_[i], width_of(row[i].text));
  }
  rows_.push_back(std::move(row));
}

void Table::add_line(std::string_view text, Style style) {
  rows_.push_back(std::vector<Cell>{Cell{one_line(text), style}});
}

std::vector<std::size_t> Table::fitted() const {
  std::vector<std::size_t> widths = widths_;
  if (screen_.width == 0) return widths;
  const std::size_t gaps = gap.size() * (widths.size() - 1);
  std::size_t all = std::accumulate(widths.begin(), widths.end(), gaps);
  for (; all > screen_.width; --all) {
    const auto broadest = std::ranges::max_element(widths);
    if (*broadest <= narrowest) break;
    --*broadest;
  }
  return widths;
}

std::string Table::line(const std::vector<Cell>& row,
                        const std::vector<std::size_t>& widths) const {
  std::string out;
  std::size_t owed = 0;  // blanks before the next text; none are written at the end of a line
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string text = shortened(row[i].text, widths[i]);
    const std::size_t blanks = widths[i] - width_of(text);
    if (!text.empty()) {
      out.append(owed + (columns_[i].right ? blanks : 0), ' ');
      out += styled(text, row[i].style, screen_);
      owed = columns_[i].right ? 0 : blanks;
    } else {
      owed += blanks;
    }
    owed += gap.size();
  }
  return out + "\n";
}

std::string Table::take() {
  const std::vector<std::size_t> widths = fitted();
  std::string out;
  if (!std::exchange(titled_, true)) {
    std::vector<Cell> titles;
    titles.reserve(columns_.size());
    for (const Column& column : columns_) titles.emplace_back(column.title, Style::faint);
    out += line(titles, widths);
  }
  for (const auto& row : rows_) {
    const bool of_its_own = row.size() < columns_.size();
    out += of_its_own ? styled(row[0].text, row[0].style, screen_) + "\n" : line(row, widths);
  }
  rows_.clear();
  return out;
}

}  // namespace ratchet::ratchetctl
