#include "engine/inspect/export.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace ratchet::engine {

namespace {

class EventExport {
 public:
  EventExport(const store::LogReader& log, const ExportOptions& options, const EachEvent& visit)
      : log_(log), options_(options), visit_(visit), fetch_(blobs_of(log)), end_(log.head().size) {
    load_definitions(log, definitions_);
  }

  void run() {
    if (!options_.run) {
      log_.scan(options_.first, end_, [this](const store::Record& record) { return one(record); });
      return;
    }
    log_.scan_run(*options_.run, 0, [this](std::uint32_t, const store::Record& record) {
      return record.index < end_ && one(record);
    });
  }

 private:
  // A run as of its turns so far.
  struct Past {
    std::string run_id;
    std::uint32_t turns = 0;
    Payloads payloads;
  };

  bool one(const store::Record& record) {
    Decoded decoded = decode(record, definitions_, fetch_);
    if (const auto* opened = std::get_if<Opened>(&decoded)) writers_.learn(*opened);
    auto* turn = std::get_if<Turn>(&decoded);
    return turn == nullptr || one(HistoryTurn{record.index, std::move(*turn)});
  }

  bool one(const HistoryTurn& record) {
    Past& past = past_of(record.turn);
    begin(past, record.turn);
    const Opened writer = writers_.find(log_, record.turn.epoch);
    bool ended = false;
    std::uint32_t place = 0;
    for (const Event& event : record.turn.events) {
      const RecordedEvent told = tell_event(record, place++, writer, definitions_, past.payloads);
      const bool wanted = record.index >= options_.first;
      if (wanted && !visit_(past.run_id, told)) return false;
      ended = ended || ends_run(event);
    }
    if (ended) runs_.erase(record.turn.run);  // hints that still follow have it read again
    return true;
  }

  static void begin(Past& past, const Turn& turn) {
    past.turns = turn.turn + 1;
    if (turn.turn != 0 || turn.events.empty()) return;
    if (const auto* start = std::get_if<RunStarted>(&turn.events.front())) {
      past.run_id = start->run_id;
    } else if (const auto* held = std::get_if<Held>(&turn.events.front())) {  // it was queued
      const auto* queued = std::get_if<RunStarted>(&held->fact);
      if (queued != nullptr) past.run_id = queued->run_id;
    }
  }

  Past& past_of(const Turn& turn) {
    const auto found = runs_.find(turn.run);
    if (found != runs_.end() && found->second.turns == turn.turn) return found->second;
    if (runs_.size() >= std::max<std::size_t>(options_.runs_in_memory, 1)) runs_.clear();
    Past& past = runs_[turn.run];
    past = Past();
    if (turn.turn == 0) return past;
    log_.scan_run(turn.run, 0, [&](std::uint32_t number, const store::Record& record) {
      if (number >= turn.turn) return false;
      const Decoded decoded = decode(record, definitions_, fetch_);
      const auto* earlier = std::get_if<Turn>(&decoded);
      if (earlier == nullptr) return true;
      begin(past, *earlier);
      for (const Event& event : earlier->events) past.payloads.decode(event, definitions_);
      return true;
    });
    return past;
  }

  const store::LogReader& log_;
  const ExportOptions& options_;
  const EachEvent& visit_;
  FetchBlob fetch_;
  std::uint64_t end_;
  Definitions definitions_;
  Writers writers_;
  std::unordered_map<std::uint64_t, Past> runs_;
};

}  // namespace

void for_each_event(const store::LogReader& log, const ExportOptions& options,
                    const EachEvent& visit) {
  EventExport(log, options, visit).run();
}

}  // namespace ratchet::engine
