#include "engine/inspect/rebuild.h"

namespace ratchet::engine {

void Rebuild::add(const store::Record& record, const Decoded& decoded) {
  if (const auto* defined = std::get_if<Defined>(&decoded)) {
    definitions_[definition_key(defined->id)] = record.bytes;
  } else if (const auto* opened = std::get_if<Opened>(&decoded)) {
    build_ = opened->build;
  } else if (const auto* turn = std::get_if<Turn>(&decoded)) {
    add(record.index, *turn);
  } else if (std::holds_alternative<Accepted>(decoded)) {
    for (auto& [number, run] : runs_) run.open.await_release();
  } else if (const auto* released = std::get_if<Released>(&decoded)) {
    const auto id = ids_.find(released->run_id);
    if (id != ids_.end()) runs_[id->second].open.let_go();
  } else if (const auto* pruned = std::get_if<Pruned>(&decoded)) {
    pruned_runs_[summary_key(decode_summary(pruned->summary).run_id)] = pruned->summary;
    pruned_ += pruned->turns;
  }
}

void Rebuild::add(std::uint64_t index, const Turn& turn) {
  Folded& run = runs_[turn.run];
  run.summary.run = turn.run;
  if (fold(run.summary, turn)) run.summary.as_of = index;
  run.open.fold(turn);
  if (turn.turn == 0) ids_[run.summary.run_id] = turn.run;
}

std::map<std::string, std::string> Rebuild::projections() const {
  std::map<std::string, std::string> all = definitions_;
  all.insert(pruned_runs_.begin(), pruned_runs_.end());
  for (const auto& [number, run] : runs_) {
    all[summary_key(run.summary.run_id)] = encode(run.summary);
    if (auto open = run.open.encode()) all[open_run_key(number)] = std::move(*open);
  }
  if (build_) all[std::string(build_key)] = *build_;
  return all;
}

std::map<std::string, std::string> rebuild_projections(const store::LogReader& log,
                                                       const Progress& progress) {
  Rebuild rebuild;
  Definitions definitions;
  const FetchBlob fetch = blobs_of(log);
  const std::uint64_t size = log.head().size;
  log.scan(0, size, [&](const store::Record& record) {
    rebuild.add(record, decode(record, definitions, fetch));
    if (progress) progress(record.index + 1, size);
    return true;
  });
  return rebuild.projections();
}

}  // namespace ratchet::engine
