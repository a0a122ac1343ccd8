// ratchetctl history: the events of a run, as a table for people or as documents.
#include <algorithm>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "engine/inspect/events.h"
#include "engine/inspect/phases.h"
#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/event_words.h"
#include "tools/ratchetctl/stop_signals.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

using engine::RecordedEvent;

std::vector<Column> columns(bool wide) {
  std::vector<Column> all{{"TIME", 12},   {"TURN", 4, true},    {"EVENT", 14}, {"STEP", 12},
                          {"OBJECT", 12}, {"ATTEMPT", 7, true}, {"RESULT", 8}, {"WHO"}};
  if (wide) all.insert(all.begin(), Column{"RECORD", 6, true});
  return all;
}

// Whoever asks for everything gets long lines rather than shortened ones.
Screen screen_for(const Output& output) {
  return {output.streams.screen.colours, output.wide ? 0 : output.streams.screen.width};
}

// Prints events as they come, in one of the formats.
class Printer {
 public:
  Printer(engine::RunInfo run, bool hints, const Output& output)
      : run_(std::move(run)),
        all_(hints || output.wide),
        output_(output),
        table_(columns(output.wide), screen_for(output)) {}

  // One line an event; at once, for whoever follows.
  void stream(const std::vector<RecordedEvent>& events) {
    std::ostream& out = output_.streams.out;
    for (const RecordedEvent& event : events) {
      if (output_.format == Format::json) {
        write_json_line(out, document_of(run_.run_id, event));
      } else if (output_.format == Format::yaml) {
        write_yaml(out, document_of(run_.run_id, event));
      } else {
        add_event(event);
      }
    }
    if (output_.format == Format::table) out << table_.take();
    out.flush();
  }

  void whole(const std::vector<RecordedEvent>& events) {
    if (output_.format == Format::table) {
      stream(events);
      return finish();
    }
    Document document = document_of(run_);
    document["events"] = Document::array();
    for (const RecordedEvent& event : events) {
      document["events"].push_back(document_of(run_.run_id, event));
    }
    (output_.format == Format::json ? write_json : write_yaml)(output_.streams.out, document);
  }

  // There are no more.
  void finish() {
    if (output_.format != Format::table) return;
    unfold();
    output_.streams.out << table_.take();
    output_.streams.out.flush();
  }

 private:
  void add_event(const RecordedEvent& event) {
    const auto phase = phases_.begins_with(event);
    if (!all_ && folds(event)) return fold(event);
    unfold();
    if (phase) table_.add_line(std::string("-- ") + name_of(*phase));
    add_row(event);
  }

  void fold(const RecordedEvent& event) {
    const std::string name = engine::name_of(event.event);
    const auto known = std::ranges::find(folded_, name, &Folded::name);
    if (known != folded_.end()) {
      ++known->count;
    } else {
      folded_.push_back({name, 1});
    }
  }

  // Says what is left out here.
  void unfold() {
    std::string text;
    for (const Folded& of : folded_) {
      text += (text.empty() ? "   … " : ", ") + std::to_string(of.count) + " " + of.name;
    }
    if (!text.empty()) table_.add_line(text);
    folded_.clear();
  }

  void add_row(const RecordedEvent& event) {
    const bool hint = engine::class_of(event.event) == engine::EventClass::hint;
    const std::string today =
        local_date(run_.started) == local_date(event.wall) ? "" : local_date(event.wall) + " ";
    std::vector<Cell> row{Cell{today + local_clock(event.wall)},
                          Cell{std::to_string(event.turn)},
                          Cell{engine::name_of(event.event), hint ? Style::faint : Style::plain},
                          Cell{step_of(event)},
                          Cell{output_.wide ? object_of(event, 0) : object_of(event)},
                          Cell{attempt_of(event)},
                          result_of(event),
                          Cell{who(event), Style::faint}};
    if (output_.wide) row.insert(row.begin(), Cell{std::to_string(event.index)});
    table_.add(std::move(row));
  }

  struct Folded {
    std::string name;
    std::size_t count = 0;
  };

  engine::RunInfo run_;
  bool all_;
  const Output& output_;
  Table table_;
  engine::Phases phases_;
  std::vector<Folded> folded_;  // since the last row
};

void print_title(const engine::RunInfo& run, const Output& output) {
  if (output.format != Format::table) return;
  output.streams.out << "run " << one_line(run.run_id) << ": " << run.workflow << " version "
                     << run.version << ", started " << local_date(run.started) << " "
                     << local_clock(run.started);
}

void print_state(const engine::RunInfo& run, const Output& output) {
  if (output.format != Format::table) return;
  std::string state = name_of(run.state);
  if (run.ended) state += " after " + for_people(*run.ended - run.started);
  output.streams.out << ", " << styled(state, style_of(run.state), output.streams.screen);
}

constexpr const char* gone = "its records were pruned; the log says by whom and why\n";

// Follows one run through a log that may not be there yet.
class Follower {
 public:
  Follower(const HistoryOptions& options, const Output& output)
      : options_(options), output_(output) {}

  // True when there is nothing more to follow.
  bool step(const store::LogReader& log) {
    const std::uint64_t size = log.head().size;
    if (size == seen_) return false;
    if (!printer_ && !begin(log)) return false;
    const auto events = events_->next(log);
    printer_->stream(events);
    seen_ = size;
    const bool over = pruned_ || events_->ended() || !output_.streams.out;
    if (over) printer_->finish();
    return over;
  }
  bool found() const { return printer_.has_value(); }

 private:
  bool begin(const store::LogReader& log) {
    const auto run = look_up(log, options_.run);
    if (!run) return false;
    pruned_ = run->pruned;
    if (pruned_) output_.streams.err << gone;
    print_title(*run, output_);
    if (output_.format == Format::table) output_.streams.out << "\n";
    printer_.emplace(*run, options_.hints, output_);
    events_.emplace(run->run);
    return true;
  }

  const HistoryOptions& options_;
  const Output& output_;
  std::uint64_t seen_ = 0;
  bool pruned_ = false;
  std::optional<Printer> printer_;
  std::optional<engine::EventReader> events_;
};

}  // namespace

int print_history(const store::LogReader& log, const HistoryOptions& options,
                  const Output& output) {
  const engine::RunInfo run = find_run(log, options.run);
  const auto events = engine::EventReader(run.run).next(log);
  print_title(run, output);
  print_state(run, output);
  if (output.format == Format::table) output.streams.out << "\n";
  Printer(run, options.hints, output).whole(events);
  if (run.pruned) output.streams.err << gone;
  return Exit::well;
}

int follow_history(const std::string& dir, const HistoryOptions& options, const Output& output) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds interval{50};
  const auto begin = Clock::now();
  const StopSignals signals;
  LiveLog live(dir);
  Follower follower(options, output);
  while (!signals.came()) {
    const store::LogReader* log = live.poll();
    if (log != nullptr && follower.step(*log)) return Exit::well;
    if (options.timeout && Clock::now() - begin >= *options.timeout) {
      output.streams.err << "ratchetctl: the run "
                         << (follower.found() ? "has not ended" : "has not started") << " within "
                         << for_people(*options.timeout) << "\n";
      return Exit::timed_out;
    }
    std::this_thread::sleep_for(interval);
  }
  return Exit::stopped;
}

}  // namespace ratchet::ratchetctl
