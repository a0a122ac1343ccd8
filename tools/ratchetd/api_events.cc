#include "tools/ratchetd/api_events.h"

#include <algorithm>
#include <charconv>
#include <variant>

#include "engine/inspect/events.h"
#include "engine/inspect/history.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetd {

namespace {

constexpr std::size_t most_bytes = std::size_t{256} << 10;
constexpr std::uint64_t most_records = 1000;
constexpr std::size_t most_ids = 1000;

// A number below `end`.
std::uint64_t index_in(const std::string& name, const std::string& text, std::uint64_t end,
                       std::uint64_t size) {
  std::uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && rest == text.data() + text.size() && value < end) return value;
  throw BadRequest(name + " is the index of a record, and the log has " + std::to_string(size) +
                   ": '" + text + "' is none");
}

// The id that a run's first turn gives it; empty if that does not start a run.
std::string id_in(const engine::Turn& turn) {
  for (const engine::Event& event : turn.events) {
    if (const auto* started = std::get_if<engine::RunStarted>(&event)) return started->run_id;
    const auto* held = std::get_if<engine::Held>(&event);
    if (held == nullptr) continue;
    if (const auto* start = std::get_if<engine::RunStarted>(&held->fact)) return start->run_id;
  }
  return {};
}

// As `history` has them, but for what only the turns before it tell: names and payloads.
Json events_of(const std::string& run_id, const engine::Turn& turn, std::uint64_t index) {
  Json events = Json::array();
  for (const engine::Event& event : turn.events) {
    engine::RecordedEvent bare;
    bare.index = index;
    bare.turn = turn.turn;
    bare.place = static_cast<std::uint32_t>(events.size());
    bare.wall = turn.wall;
    bare.event = event;
    bare.command = engine::command_of(event);
    if (const auto* step = std::get_if<engine::StepScheduled>(&event)) bare.name = step->activity;
    Json document = ratchetctl::document_of(run_id, bare);
    document.erase("writer");
    events.push_back(std::move(document));
  }
  return events;
}

}  // namespace

std::shared_ptr<const void> Places::take() {
  if (*taken_ >= most_) return nullptr;
  ++*taken_;
  return {taken_.get(), [taken = taken_](const void*) { --*taken; }};
}

EventStream::EventStream(const store::LogReader& log, const Call& call,
                         const std::string& last_id) {
  const std::uint64_t size = log.head().size;
  next_ = size;
  for (const auto& [name, value] : call.options) {
    if (name == "from") {
      next_ = index_in(name, value, size + 1, size);
    } else if (name == "run") {
      run_ = value;
    } else if (name == "follow" && (value == "true" || value == "false")) {
      follows_ = value == "true";
    } else {
      throw BadRequest(name == "follow" ? "follow is true or false" : "there is no option " + name);
    }
  }
  if (!last_id.empty()) next_ = index_in("Last-Event-ID", last_id, size, size) + 1;
}

const std::string& EventStream::id_of(const store::LogReader& log, std::uint64_t run) {
  const auto known = ids_.find(run);
  if (known != ids_.end()) return known->second;
  if (ids_.size() >= most_ids) ids_.clear();
  const auto first = engine::read_turn(log, run, 0);
  return ids_[run] = first ? id_in(first->turn) : "";
}

std::string EventStream::message(const store::LogReader& log, const store::Record& record) {
  const engine::Decoded decoded = engine::decode(record, definitions_, engine::blobs_of(log));
  const auto* turn = std::get_if<engine::Turn>(&decoded);
  if (turn == nullptr) return {};
  const std::string& run_id = id_of(log, turn->run);
  if (run_id.empty() || (!run_.empty() && run_id != run_)) return {};
  const Json data{{"run", run_id},
                  {"record", record.index},
                  {"turn", turn->turn},
                  {"time", ratchetctl::utc(turn->wall)},
                  {"events", events_of(run_id, *turn, record.index)}};
  return "id: " + std::to_string(record.index) +
         "\nevent: turn\ndata: " + data.dump(-1, ' ', false, Json::error_handler_t::replace) +
         "\n\n";
}

std::string EventStream::next(const store::LogReader& log) {
  if (!loaded_) load_definitions(log, definitions_);
  loaded_ = true;
  const std::uint64_t end = std::min(log.head().size, next_ + most_records);
  std::string text;
  std::uint64_t done = end;
  log.scan(next_, end, [&](const store::Record& record) {
    text += message(log, record);
    if (text.size() < most_bytes) return true;
    done = record.index + 1;
    return false;
  });
  next_ = done;
  return text;
}

}  // namespace ratchet::ratchetd
