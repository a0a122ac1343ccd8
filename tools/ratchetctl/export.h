// ratchetctl export: the log for other programs, as static files or as lines of JSON.
#pragma once

#include <cstdint>
#include <optional>

#include "tools/ratchetctl/commands.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

struct JsonLinesOptions {
  std::optional<RunName> run{};  // none: all runs
  std::uint64_t from = 0;        // the index of the first record
};
// A line an event, as `history -o json --follow` writes it; the same log gives the same lines.
// Throws WrongInput for a `from` that the log has not reached, NotFound, store::Error.
int export_json_lines(const store::LogReader& log, const JsonLinesOptions& options,
                      const Output& output);

// Adds the command to `app`; if it was parsed it sets `chosen`, which must outlive the app.
void add_export(CLI::App& app, Action& chosen);

}  // namespace ratchet::ratchetctl
