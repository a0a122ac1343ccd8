// The commands. Each reads a log, prints to `streams.out` and returns its exit code; failures are
// thrown (NotFound, store::Error).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/core/approval.h"
#include "engine/core/workflow.h"
#include "engine/inspect/history.h"
#include "store/log.h"
#include "tools/ratchetctl/ctl.h"
#include "tools/ratchetctl/source.h"

namespace ratchet::ratchetctl {

enum class Format { table, json, yaml };

struct Output {
  Streams& streams;
  Format format = Format::table;
  bool wide = false;  // a table with all that there is
};

// A command with its options, ready to run on the log in `dir`.
using Action = std::function<int(const std::string& dir, const Output& output)>;
// One that needs no log.
using FileAction = std::function<int(const Output& output)>;

enum class RunOrder { started, ended, duration, state, workflow, id };

struct RunsOptions {
  engine::RunFilter filter{};
  std::string about{};     // in the run's id, key, failure or input; empty: any
  std::string database{};  // that the run works on, NAMESPACE/NAME; empty: any
  std::size_t newest = 0;  // no more than so many; 0: all
  // The page of them: in this order, of equal ones the oldest first, after `skip` at most `limit`.
  RunOrder order = RunOrder::started;
  bool reverse = false;
  std::size_t skip = 0;
  std::size_t limit = 0;                               // 0: all
  bool ids = false;                                    // print their ids alone, one a line
  std::optional<std::chrono::milliseconds> timeout{};  // of watching; none: until a signal
};
int print_runs(const store::LogReader& log, const RunsOptions& options, const Output& output);
// Waits for the log and prints anew whenever something was recorded; a terminal is cleared before.
int watch_runs(const std::string& dir, const RunsOptions& options, const Output& output);

struct HistoryOptions {
  RunName run;
  // In the table: what is left out of it else. Documents always have everything.
  bool hints = false;
  std::optional<std::chrono::milliseconds> timeout;  // of following; none: as long as it takes
};
int print_history(const store::LogReader& log, const HistoryOptions& options, const Output& output);
// Waits for the log, the run and its events, and ends with the run.
int follow_history(const std::string& dir, const HistoryOptions& options, const Output& output);

// `anchor`: a head from outside the log. `approvers`: by whose keys recorded signatures are
// checked; null: they are not. A log that is written meanwhile is refreshed.
int print_verify(store::LogReader& log, const std::optional<store::Head>& anchor,
                 const engine::Approvers* approvers, const Output& output);

// No run: all of them.
int print_replay(const store::LogReader& log, const engine::Registry& workflows,
                 const std::optional<RunName>& run, const Output& output);

// Time travel through one run.
struct TravelOptions {
  RunName run{};
  std::optional<std::uint32_t> until{};  // this turn, and no further; none: the last one
  bool step = false;                     // show every turn on the way, not the end of it alone
};
int print_travel(const store::LogReader& log, const engine::Registry& workflows,
                 const TravelOptions& options, const Output& output);

}  // namespace ratchet::ratchetctl
