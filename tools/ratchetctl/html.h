// Text from a log on a page: escaped, so that nothing in a log is ever taken for markup.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tools/ratchetctl/table.h"

namespace ratchet::ratchetctl {

// Safe in an element and in a quoted attribute. What is not UTF-8, control characters (but line
// feeds) and marks that turn the direction of text are replaced.
std::string escaped(std::string_view text);

struct Row {
  std::vector<Cell> cells;
};

// A table with a title a column; cells are escaped, their style is a class. A column whose cells
// are all empty is left out. No rows: "none".
void write_table(std::ostream& out, const std::vector<std::string>& titles,
                 const std::vector<Row>& rows);

// Names and what they are, in a list; those that are nothing are left out.
void write_facts(std::ostream& out, const std::vector<Row>& names_and_values);

// Text as it stands: a checkpoint, a document.
void write_verbatim(std::ostream& out, std::string_view text);

}  // namespace ratchet::ratchetctl
