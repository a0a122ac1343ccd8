// Columns of text for people. Rows may come over time (history --follow): widths then only grow.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ratchet::ratchetctl {

enum class Style { plain, good, bad, warning, faint };

// What is written to.
struct Screen {
  bool colours = false;
  std::size_t width = 0;  // in columns; 0: no terminal, nothing is shortened
};

// Standard output: colours on a terminal unless NO_COLOR is set.
Screen screen_of_stdout();

// Columns that the text takes on a terminal: combining marks take none, East Asian and emoji two.
std::size_t width_of(std::string_view text);

// Safe to print in one line: control characters and bytes that are not UTF-8 are replaced, so that
// what came from outside cannot steer a terminal.
std::string one_line(std::string_view text);

// At most `width` columns, the end replaced by "…" if it had more.
std::string shortened(std::string_view text, std::size_t width);

// In the style's colour, if the screen has colours.
std::string styled(std::string_view text, Style style, const Screen& screen);

struct Cell {
  Cell(std::string t = {}, Style s = Style::plain) : text(std::move(t)), style(s) {}
  std::string text;
  Style style;
};

struct Column {
  std::string title;
  std::size_t least = 0;  // width before any row needs more
  bool right = false;
};

class Table {
 public:
  Table(std::vector<Column> columns, Screen screen);

  // One cell a column.
  void add(std::vector<Cell> row);

  // A line of its own between rows, in no column.
  void add_line(std::string_view text, Style style = Style::faint);

  // The rows since the last call as text, after the titles at the first call. Where rows are too
  // wide for the screen the widest columns are shortened; the last column is not padded.
  std::string take();

 private:
  std::string line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths) const;
  std::vector<std::size_t> fitted() const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<Cell>> rows_;
  Screen screen_;
  bool titled_ = false;
};

}  // namespace ratchet::ratchetctl
