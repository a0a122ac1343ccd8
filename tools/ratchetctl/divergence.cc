#include "tools/ratchetctl/divergence.h"

#include <ostream>
#include <sstream>
#include <string>
#include <utility>

#include "tools/ratchetctl/table.h"

namespace ratchet::ratchetctl {

namespace {

// One line of a protobuf difference ("modified: path: a -> b") as two columns.
std::pair<std::string, std::string> sides(const std::string& line) {
  const std::size_t kind_end = line.find(": ");
  if (kind_end == std::string::npos) return {line, ""};
  const std::string kind = line.substr(0, kind_end);
  const std::string rest = line.substr(kind_end + 2);
  if (kind == "added") return {"", rest};
  if (kind == "deleted") return {rest, ""};
  const std::size_t path_end = rest.find(": ");
  const std::size_t arrow = rest.find(" -> ");
  if (kind != "modified" || path_end == std::string::npos || arrow == std::string::npos) {
    return {line, ""};
  }
  const std::string path = rest.substr(0, path_end + 2);
  return {rest.substr(0, arrow), path + rest.substr(arrow + 4)};
}

}  // namespace

void print_divergence(const engine::Divergence& parted, const Streams& streams) {
  streams.out << "  at turn " << parted.turn
              << (parted.where.empty() ? "" : ", " + one_line(parted.where)) << ":\n";
  Table table({{"  RECORDED"}, {"THIS BUILD"}}, streams.screen);
  const auto add = [&](const std::string& recorded, const std::string& attempted) {
    table.add({Cell{"  " + recorded, Style::good}, Cell{attempted, Style::bad}});
  };
  add(parted.recorded, parted.attempted);
  std::istringstream details(parted.details);
  for (std::string line; std::getline(details, line);) {
    const auto [recorded, attempted] = sides(line);
    add("  " + recorded, "  " + attempted);
  }
  streams.out << table.take();
}

Document document_of(const engine::Divergence& parted) {
  return {{"turn", parted.turn},
          {"recorded", parted.recorded},
          {"attempted", parted.attempted},
          {"details", parted.details},
          {"where", parted.where}};
}

}  // namespace ratchet::ratchetctl
