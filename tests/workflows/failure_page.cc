#include "tests/workflows/failure_page.h"

#include <fstream>
#include <stdexcept>
#include <utility>

namespace ratchet::mysql::testing {

namespace {

constexpr const char* missing = "image missing";
constexpr const char* crowded = "no room";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (;;) {
    const std::size_t to = text.find(separator, from);
    parts.push_back(text.substr(from, to - from));
    if (to == std::string::npos) return parts;
    from = to + separator.size();
  }
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// Of a table's row, without its border.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  for (const std::string& cell : split(line.substr(1, line.rfind('|') - 1), "|")) {
    cells.push_back(trimmed(cell));
  }
  return cells;
}

// What stands between two marks, each time; the marks are not the same, or alternate.
std::vector<std::string> between(const std::string& text, const std::string& open,
                                 const std::string& close) {
  std::vector<std::string> found;
  std::size_t from = text.find(open);
  while (from != std::string::npos) {
    from += open.size();
    const std::size_t to = text.find(close, from);
    if (to == std::string::npos) break;
    found.push_back(text.substr(from, to - from));
    from = text.find(open, to + close.size());
  }
  return found;
}

std::string name_in(const std::string& text) {
  const std::vector<std::string> names = between(text, "`", "`");
  if (names.size() != 1) throw std::runtime_error("one name is expected in: " + text);
  return names[0];
}

// "(2nd)", "(3rd)", …; 1 if there is none.
int time_in(const std::string& text) {
  const std::size_t at = text.find_first_of("23456789", text.find('('));
  return at == std::string::npos ? 1 : text[at] - '0';
}

// "after `a`: `b`, `c` (2nd)", "`a` (image missing)", …
std::vector<Moment> moments_of(const std::string& title) {
  Moment like;
  std::string rest = title;
  if (title.starts_with("after ")) {
    const std::vector<std::string> parts = split(title, ": ");
    like.first = name_in(parts.at(0));
    like.image_missing = has(parts.at(0), missing);
    like.no_room = has(parts.at(0), crowded);
    rest = parts.at(1);
  }
  std::vector<Moment> moments;
  for (const std::string& item : split(rest, ", ")) {
    Moment moment = like;
    moment.step = name_in(item);
    moment.image_missing = moment.image_missing || has(item, missing);
    moment.no_room = moment.no_room || has(item, crowded);
    moment.nth = time_in(item);
    moments.push_back(std::move(moment));
  }
  return moments;
}

Row row_of(std::size_t line, const std::vector<std::string>& cells) {
  if (cells.size() != 4) throw std::runtime_error("no row of four cells: " + cells.at(0));
  Row row{.line = line, .title = cells[0], .moments = moments_of(cells[0]), .cells = {}};
  for (std::size_t i = 0; i < row.cells.size(); ++i) row.cells[i] = name_in(cells[i + 1]);
  return row;
}

void read_line(Page& page, std::size_t number, std::string& heading) {
  const std::string& line = page.lines[number];
  if (line.starts_with("## ")) heading = line.substr(3);
  const bool head = line.starts_with("| step |");
  if (head) {
    const std::vector<std::string> names = cells_of(line);
    page.columns.assign(names.begin() + 1, names.end());
  }
  if (!line.starts_with("| `") && !line.starts_with("| after `")) return;
  const std::vector<std::string> cells = cells_of(line);
  if (heading == "The ends") {
    page.ends[name_in(cells.at(0))] = between(cells.at(2), "“", "”");
  } else {
    page.sections[heading].push_back(row_of(number, cells));
  }
}

}  // namespace

std::string Moment::words() const {
  std::string text = first.empty() ? step : first + " failed, then " + step;
  if (nth > 1) text += " for the time no. " + std::to_string(nth);
  if (no_room) text += ", no node having room";
  return image_missing ? text + ", the target's image missing" : text;
}

Page read_page(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file);
  Page page;
  for (std::string line; std::getline(in, line);) page.lines.push_back(line);
  std::string heading;
  for (std::size_t i = 0; i < page.lines.size(); ++i) read_line(page, i, heading);
  return page;
}

}  // namespace ratchet::mysql::testing
