#include "tools/ratchetd/api_reads.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string_view>

#include <google/protobuf/descriptor.h>

#include "engine/inspect/query.h"
#include "engine/inspect/timeline.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/run_view.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetd {

namespace {

constexpr std::uint64_t most_runs_a_page = 1000;
constexpr std::uint64_t most_events = 10'000;

std::uint64_t number(const Call& call, const char* option, std::uint64_t otherwise,
                     std::uint64_t most) {
  const auto given = call.options.find(option);
  if (given == call.options.end()) return otherwise;
  const std::string& text = given->second;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) {
    throw BadRequest(std::string(option) + " is a number from 0 to " + std::to_string(most) +
                     ", not '" + text + "'");
  }
  return value;
}

std::string option(const Call& call, const char* name) {
  const auto given = call.options.find(name);
  return given == call.options.end() ? std::string() : given->second;
}

void allow_options(const Call& call, std::initializer_list<std::string_view> known) {
  for (const auto& given : call.options) {
    if (std::ranges::find(known, given.first) == known.end()) {
      throw BadRequest("there is no option " + given.first);
    }
  }
}

engine::RunFilter filter_of(const Call& call) {
  engine::RunFilter filter;
  filter.workflow = option(call, "workflow");
  filter.key = option(call, "key");
  const std::string state = option(call, "state");
  if (state.empty()) return filter;
  const auto named = ratchetctl::state_named(state);
  if (!named) throw BadRequest("'" + state + "' is no state of a run");
  filter.states.push_back(*named);
  return filter;
}

constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Answer unknown_run(const std::string& run_id) {
  return refusal(404, "unknown_run", "the log has no run '" + run_id + "'");
}

Answer list_runs(const Sources& sources, const Call& call) {
  allow_options(call, {"workflow", "state", "key", "prefix", "before", "limit"});
  const std::uint64_t before = number(call, "before", any, any);
  const std::uint64_t limit = number(call, "limit", 100, most_runs_a_page);
  const std::string prefix = option(call, "prefix");
  auto runs = engine::list_runs(sources.log, filter_of(call));
  std::erase_if(runs, [&](const engine::RunInfo& run) {
    return run.run >= before || !run.run_id.starts_with(prefix);
  });
  std::ranges::reverse(runs);
  Json answer{{"runs", Json::array()}};
  for (std::size_t i = 0; i < runs.size() && i < limit; ++i) {
    std::vector<engine::TimelineEntry> open;
    if (!runs[i].ended)
      open = engine::open_commands(engine::read_history(sources.log, runs[i].run));
    answer["runs"].push_back(ratchetctl::document_of(runs[i], open));
  }
  if (runs.size() > limit && limit > 0) answer["before"] = runs[limit - 1].run;
  return {200, std::move(answer), {}, {}};
}

Answer show_run(const Sources& sources, const Call& call) {
  allow_options(call, {});
  const auto run = engine::find_run(sources.log, call.run);
  if (!run) return unknown_run(call.run);
  return {200, document_of(ratchetctl::view_of(sources.log, *run, &sources.workflows)), {}, {}};
}

Answer show_history(const Sources& sources, const Call& call) {
  allow_options(call, {"from", "limit"});
  const std::uint64_t from = number(call, "from", 0, any);
  const std::uint64_t limit = std::max<std::uint64_t>(1, number(call, "limit", 1000, most_events));
  const auto run = engine::find_run(sources.log, call.run);
  if (!run) return unknown_run(call.run);
  Json answer = ratchetctl::document_of(*run);
  answer["events"] = Json::array();
  std::uint64_t last = any;
  for (const engine::RecordedEvent& event : engine::EventReader(run->run).next(sources.log)) {
    if (event.turn < from) continue;
    if (answer["events"].size() >= limit && event.turn != last) {
      answer["next"] = event.turn;
      break;
    }
    answer["events"].push_back(ratchetctl::document_of(run->run_id, event));
    last = event.turn;
  }
  return {200, std::move(answer), {}, {}};
}

Answer show_exposed(engine::Engine& engine, const Call& call) {
  allow_options(call, {});
  if (!engine.state(call.run)) return unknown_run(call.run);
  const auto value = engine.query(call.run, call.name);
  if (!value) {
    return refusal(404, "unknown_name",
                   "run " + call.run + " shows nothing under the name '" + call.name +
                       "'; an ended run shows nothing");
  }
  const std::optional<std::string> json = engine::json_of(*value);
  if (!json) return refusal(500, "internal", "the value is no " + value->type->full_name());
  return {200,
          {{"run", call.run},
           {"name", call.name},
           {"type", value->type->full_name()},
           {"value", Json::parse(*json)}},
          {},
          {}};
}

}  // namespace ratchet::ratchetd
