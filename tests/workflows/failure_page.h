// docs/FAILURES.md as data.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace ratchet::mysql::testing {

// When something happens to a run.
struct Moment {
  std::string first;  // the step that has failed before; empty: none
  std::string step;
  int nth = 1;                 // time that it is begun, after `first`
  bool image_missing = false;  // of the target
  bool no_room = false;        // on any node, for a pod with the new resources

  std::string words() const;  // for people
};

struct Row {
  std::size_t line = 0;  // in Page::lines
  std::string title;
  std::vector<Moment> moments;       // that end alike
  std::array<std::string, 3> cells;  // names of ends
};

struct Page {
  std::vector<std::string> lines;
  std::vector<std::string> columns;
  std::map<std::string, std::vector<std::string>> ends;  // name → what the request says, in parts
  std::map<std::string, std::vector<Row>> sections;      // by heading
};

// Throws std::runtime_error if there is no such file, or a row is not one.
Page read_page(const std::string& file);

}  // namespace ratchet::mysql::testing
