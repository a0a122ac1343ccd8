#include "tools/ratchetctl/html.h"

#include <algorithm>

namespace ratchet::ratchetctl {

namespace {

const char* class_of(Style style) {
  switch (style) {
    case Style::good:
      return " class=\"good\"";
    case Style::bad:
      return " class=\"bad\"";
    case Style::warning:
      return " class=\"warning\"";
    case Style::faint:
      return " class=\"faint\"";
    case Style::plain:
      break;
  }
  return "";
}

void append_escaped(std::string& out, std::string_view line) {
  for (const char c : one_line(line)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
}

bool is_empty(const std::vector<Row>& rows, std::size_t column) {
  return std::ranges::all_of(rows, [column](const Row& row) {
    return row.cells.size() <= column || row.cells[column].text.empty();
  });
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    append_escaped(out, text.substr(at, end - at));
    if (end < text.size()) out += '\n';
    at = end + 1;
  }
  return out;
}

void write_table(std::ostream& out, const std::vector<std::string>& titles,
                 const std::vector<Row>& rows) {
  if (rows.empty()) {
    out << "<p class=\"faint\">none</p>\n";
    return;
  }
  std::vector<std::size_t> shown;
  for (std::size_t column = 0; column < titles.size(); ++column) {
    if (!is_empty(rows, column)) shown.push_back(column);
  }
  out << "<table>\n<thead><tr>";
  for (const std::size_t column : shown) out << "<th>" << escaped(titles[column]) << "</th>";
  out << "</tr></thead>\n<tbody>\n";
  for (const Row& row : rows) {
    out << "<tr>";
    for (const std::size_t column : shown) {
      const Cell cell = column < row.cells.size() ? row.cells[column] : Cell();
      out << "<td" << class_of(cell.style) << ">" << escaped(cell.text) << "</td>";
    }
    out << "</tr>\n";
  }
  out << "</tbody>\n</table>\n";
}

void write_facts(std::ostream& out, const std::vector<Row>& names_and_values) {
  out << "<dl>\n";
  for (const Row& row : names_and_values) {
    const Cell& value = row.cells.at(1);
    if (value.text.empty()) continue;
    out << "<dt>" << escaped(row.cells.at(0).text) << "</dt><dd" << class_of(value.style) << ">"
        << escaped(value.text) << "</dd>\n";
  }
  out << "</dl>\n";
}

void write_verbatim(std::ostream& out, std::string_view text) {
  out << "<pre>" << escaped(text) << "</pre>\n";
}

}  // namespace ratchet::ratchetctl
