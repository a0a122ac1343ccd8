// ratchetctl replay --until and --step: a run as it was after a turn, or after each.
#include "engine/inspect/travel.h"

#include <ostream>
#include <string>
#include <utility>

#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/divergence.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

using engine::Moment;
using Shown = std::map<std::string, std::string>;

// "StepScheduled 4 book"
std::string text_of(const engine::RecordedEvent& event) {
  std::string text = engine::name_of(event.event);
  if (event.command != 0) text += " " + std::to_string(event.command);
  return event.name.empty() ? text : text + " " + event.name;
}

template <class List, class Say>
std::string joined(const List& list, const Say& say) {
  std::string text;
  for (const auto& one : list) text += (text.empty() ? "" : ", ") + say(one);
  return text;
}

// What it shows and did not show before.
std::string news(const Shown& before, const Shown& now) {
  std::string text;
  for (const auto& [name, value] : now) {
    const auto was = before.find(name);
    if (was != before.end() && was->second == value) continue;
    text.append(text.empty() ? "" : ", ").append(name).append("=").append(value);
  }
  return text;
}

void print_list(const char* title, const std::vector<std::string>& lines, std::ostream& out) {
  out << title << (lines.empty() ? " nothing\n" : "\n");
  for (const std::string& line : lines) out << "  " << one_line(line) << "\n";
}

void print(const Moment& moment, std::size_t turns, const Streams& streams) {
  std::ostream& out = streams.out;
  const engine::RunInfo& run = moment.run;
  out << "run " << one_line(run.run_id) << ": " << run.workflow << " version " << run.version
      << ", " << styled(name_of(run.state), style_of(run.state), streams.screen) << " after turn "
      << moment.turn << " of 0 to " << turns - 1 << ", " << local_date(moment.wall) << " "
      << local_clock(moment.wall) << "\n";
  std::vector<std::string> events, open, shown;
  for (const auto& event : moment.events) events.push_back(text_of(event));
  for (const auto& entry : moment.open) open.push_back(ratchetctl::text_of(entry));
  if (moment.exposed) {
    for (const auto& [name, value] : *moment.exposed) {
      shown.push_back(name);
      shown.back().append(": ").append(value);
    }
  } else {
    shown.emplace_back("what, only the build that decided knows: this one decides otherwise");
  }
  print_list("in this turn", events, out);
  print_list("it waits for", open, out);
  print_list("its workflow shows", shown, out);
}

// The moments on the way, as rows or as documents.
class Road {
 public:
  explicit Road(const Output& output)
      : output_(output),
        table_({{"TURN", 0, true}, {"TIME"}, {"STATE"}, {"IN THIS TURN"}, {"WAITS FOR"}, {"SHOWS"}},
               output.streams.screen) {}

  void pass(const Moment& moment) {
    if (output_.format != Format::table) return add_document(moment);
    const Shown now = moment.exposed.value_or(Shown());
    const engine::RunState state = moment.run.state;
    table_.add(
        {Cell{std::to_string(moment.turn)}, Cell{local_clock(moment.wall)},
         Cell{name_of(state), style_of(state)},
         Cell{joined(moment.events, [](const auto& event) { return text_of(event); })},
         Cell{joined(moment.open, [](const auto& entry) { return ratchetctl::text_of(entry); })},
         Cell{moment.exposed ? news(before_, now) : "?"}});
    before_ = now;
  }

  void end(const engine::Travel& travel, const std::string& run_id) {
    if (output_.format == Format::table) {
      output_.streams.out << table_.take();
      return;
    }
    Document document{{"run", run_id}, {"turns", travel.turns()}};
    document["same"] = !travel.divergence();
    if (travel.divergence()) document["divergence"] = document_of(*travel.divergence());
    document["moments"] = std::move(moments_);
    (output_.format == Format::json ? write_json : write_yaml)(output_.streams.out, document);
  }

 private:
  void add_document(const Moment& moment) {
    Document document = document_of(moment.run, moment.open);
    document["record"] = moment.index;
    document["turn"] = moment.turn;
    document["time"] = utc(moment.wall);
    document["events"] = Document::array();
    for (const auto& event : moment.events) {
      document["events"].push_back(document_of(moment.run.run_id, event));
    }
    document["exposed"] = nullptr;
    if (moment.exposed) {
      document["exposed"] = Document::object();
      for (const auto& [name, value] : *moment.exposed) {
        document["exposed"][name] = Document::parse(value);
      }
    }
    moments_.push_back(std::move(document));
  }

  const Output& output_;
  Table table_;
  Document moments_ = Document::array();
  Shown before_;
};

// The last turn to go to.
std::uint32_t goal(const engine::Travel& travel, const engine::RunInfo& run,
                   const TravelOptions& options) {
  if (travel.turns() == 0) {
    throw NotFound("the records of run " + run.run_id +
                   " were pruned: its past is in a backup, or nowhere");
  }
  const auto last = static_cast<std::uint32_t>(travel.turns() - 1);
  if (options.until.value_or(0) > last) {
    throw WrongInput("run " + run.run_id + " has turns 0 to " + std::to_string(last) +
                     ", there is no turn " + std::to_string(*options.until) + " yet");
  }
  return options.until.value_or(last);
}

}  // namespace

int print_travel(const store::LogReader& log, const engine::Registry& workflows,
                 const TravelOptions& options, const Output& output) {
  const engine::RunInfo run = find_run(log, options.run);
  engine::Travel travel(log, workflows, run);
  const std::uint32_t last = goal(travel, run, options);
  const bool table = output.format == Format::table;
  Road road(output);
  for (std::uint32_t turn = 0; turn <= last && travel.step(); ++turn) {
    if (options.step || (turn == last && !table)) road.pass(travel.moment());
  }
  if (options.step || !table) {
    road.end(travel, run.run_id);
  } else {
    print(travel.moment(), travel.turns(), output.streams);
  }
  if (!travel.divergence()) {
    if (table) output.streams.out << "this build decides the same up to here\n";
    return Exit::well;
  }
  if (table) {
    output.streams.out << "this build parts from the record\n";
    print_divergence(*travel.divergence(), output.streams);
  }
  return Exit::diverged;
}

}  // namespace ratchet::ratchetctl
