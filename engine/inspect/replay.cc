#include "engine/inspect/replay.h"

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>

#include "engine/core/codec.h"
#include "store/merkle.h"

namespace ratchet::engine {

namespace {

// One run while its turns come.
class Replaying {
 public:
  Replaying(RunInfo info, const Registry& registry) : report_{std::move(info), 0, 0, {}} {
    const RunInfo& run = report_.run;
    if (run.pruned) return;  // there are no turns to part from
    type_ = registry.find(run.workflow, run.version);
    if (type_ == nullptr) report_.divergence = unknown_workflow(run);
  }

  // False: there is no use in further turns.
  bool add(const Turn& turn, const Definitions& definitions) {
    if (report_.divergence || type_ == nullptr) return false;
    report_.divergence = replay_turn(run(), turn, definitions);
    if (report_.divergence) return false;
    ++report_.turns;
    report_.events += static_cast<std::uint32_t>(turn.events.size());
    if (run_->ended()) {
      ended_ = true;
      run_.reset();
    }
    return true;
  }

  ReplayReport report() && { return std::move(report_); }

 private:
  // Made for its first turn and let go after its last: of all runs of a log only those are in
  // memory that are open at the place to which it is read. After the end only hints may come; a
  // completion is then as unexpected by this run as by any other that has ended.
  Run& run() {
    if (!run_) {
      run_ = std::make_unique<Run>(report_.run.run_id, *type_);
      if (ended_) run_->deliver(Terminated{}, {});
    }
    return *run_;
  }

  ReplayReport report_;
  const WorkflowType* type_ = nullptr;  // null: there is nothing to replay
  bool ended_ = false;
  std::unique_ptr<Run> run_;
};

// All runs at once, in one pass over the log.
class LogReplay {
 public:
  LogReplay(const store::LogReader& log, const Registry& registry, const Progress& progress)
      : log_(log), progress_(progress), fetch_(blobs_of(log)) {
    load_definitions(log, definitions_);
    std::vector<RunInfo> infos = list_runs(log);
    runs_.reserve(infos.size());
    places_.reserve(infos.size());
    for (RunInfo& info : infos) {
      places_.emplace(info.run, runs_.size());
      runs_.emplace_back(std::move(info), registry);
    }
  }

  std::vector<ReplayReport> run() {
    const store::Head head = log_.head();
    log_.scan(0, head.size, [&](const store::Record& record) {
      while (tree_.size() < record.index) add(log_.leaf(tree_.size()));  // pruned
      add(store::leaf_hash(record.bytes));
      const Decoded decoded = decode(record, definitions_, fetch_);
      const auto* turn = std::get_if<Turn>(&decoded);
      const auto place = turn != nullptr ? places_.find(turn->run) : places_.end();
      if (place != places_.end()) runs_[place->second].add(*turn, definitions_);
      if (progress_) progress_(record.index + 1, head.size);
      return true;
    });
    while (tree_.size() < head.size) add(log_.leaf(tree_.size()));
    if (tree_.root() != head.root) {
      throw store::Error(store::Fault::corrupt,
                         "the records are not those that the log's head covers: a replay of them "
                         "proves nothing; run `ratchetctl verify` on the log");
    }
    std::vector<ReplayReport> reports;
    reports.reserve(runs_.size());
    for (Replaying& run : runs_) reports.push_back(std::move(run).report());
    return reports;
  }

 private:
  void add(const store::Hash& leaf) {
    tree_.append(leaf, [](unsigned, std::uint64_t, const store::Hash&) {});
  }

  const store::LogReader& log_;
  const Progress& progress_;
  FetchBlob fetch_;
  Definitions definitions_;
  store::Tree tree_;
  std::vector<Replaying> runs_;                            // oldest first
  std::unordered_map<std::uint64_t, std::size_t> places_;  // run -> its place among them
};

}  // namespace

Divergence unknown_workflow(const RunInfo& run) {
  return {0, "workflow " + run.workflow + " version " + std::to_string(run.version),
          "this build has no such workflow or version", "", ""};
}

ReplayReport replay(const store::LogReader& log, const Registry& registry, const RunInfo& info,
                    const Progress& progress) {
  Definitions definitions;
  load_definitions(log, definitions);
  Replaying replaying(info, registry);
  const std::vector<HistoryTurn> turns = read_history(log, info.run);
  for (const HistoryTurn& record : turns) {
    if (!replaying.add(record.turn, definitions)) break;
    if (progress) progress(record.turn.turn + 1, turns.size());
  }
  return std::move(replaying).report();
}

std::vector<ReplayReport> replay_all(const store::LogReader& log, const Registry& registry,
                                     const Progress& progress) {
  return LogReplay(log, registry, progress).run();
}

}  // namespace ratchet::engine
