// What ratchetd was asked, by its command line, its environment and its configuration file.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "tools/ratchetd/options.h"

namespace ratchet::ratchetd {

struct Asked {
  Options options{};
  bool json_lines = false;    // on stderr
  std::optional<int> exit{};  // there is nothing more to do: help, or what is wrong, was printed
};

// Of two that say something about an option, the command line counts before the environment, and
// that before the file.
Asked ask(std::vector<std::string> arguments, std::ostream& out, std::ostream& err);

}  // namespace ratchet::ratchetd
