#include "engine/inspect/verify.h"

#include <cstdint>
#include <map>
#include <utility>

#include "engine/core/codec.h"
#include "engine/core/open_run.h"
#include "engine/core/summary.h"
#include "store/anchor_check.h"
#include "store/merkle.h"

namespace ratchet::engine {

namespace {

constexpr std::size_t most_problems = 100;

// Keys of open runs end in a number.
std::string readable(std::string_view key) {
  if (!key.starts_with(open_run_prefix)) return std::string(key);
  return std::string(open_run_prefix) + std::to_string(decode_open_run(key, {}).run);
}

class Verification {
 public:
  explicit Verification(const store::LogReader& log) : log_(log), fetch_(blobs_of(log)) {
    report_.head = log.head();
  }

  VerifyReport run(const std::optional<store::Head>& anchor) {
    guarded("records", [&] { records(); });
    guarded("tree", [&] { roots(); });
    guarded("projections", [&] { projections(); });
    if (anchor) guarded("anchor", [&] { store::check_extends(log_, *anchor); });
    report_.runs = summaries_.size();
    return std::move(report_);
  }

 private:
  void problem(const std::string& text) {
    if (report_.problems.size() < most_problems) report_.problems.push_back(text);
  }

  template <class F>
  void guarded(const char* what, F check) {
    try {
      check();
    } catch (const std::exception& error) {
      problem(std::string(what) + ": " + error.what());
    }
  }

  void records() {
    std::uint64_t next = 0;
    log_.scan(0, report_.head.size, [&](const store::Record& record) {
      for (; next < record.index; ++next) pruned(next);
      leaf(store::leaf_hash(record.bytes));
      guarded("record", [&] { one(record); });
      ++next;
      return true;
    });
    for (; next < report_.head.size; ++next) pruned(next);
  }

  void leaf(const store::Hash& hash) {
    tree_.append(hash, [](unsigned, std::uint64_t, const store::Hash&) {});
    ++report_.records;
  }

  void pruned(std::uint64_t index) { leaf(log_.leaf(index)); }

  void one(const store::Record& record) {
    const Decoded decoded = decode(record, definitions_, fetch_);
    if ((record.index == 0) != std::holds_alternative<Genesis>(decoded)) {
      problem("record " + std::to_string(record.index) + ": genesis belongs at 0, and only there");
    }
    if (const auto* genesis = std::get_if<Genesis>(&decoded)) {
      if (genesis->log_id != report_.head.log_id) problem("record 0 is of another log");
    } else if (const auto* opened = std::get_if<Opened>(&decoded)) {
      if (opened->epoch <= epoch_) {
        problem("record " + std::to_string(record.index) + ": the epoch did not rise");
      }
      epoch_ = opened->epoch;
      build_ = opened->build;
    } else if (const auto* turn = std::get_if<Turn>(&decoded)) {
      one(record.index, *turn);
    }
  }

  void one(std::uint64_t index, const Turn& turn) {
    report_.events += turn.events.size();
    const std::string where = "record " + std::to_string(index) + ": ";
    std::uint32_t& next = turns_[turn.run];
    if (turn.turn != next) {
      problem(where + "turn " + std::to_string(turn.turn) + " of run " + std::to_string(turn.run) +
              " stands where turn " + std::to_string(next) + " belongs");
    }
    next = turn.turn + 1;
    if (turn.epoch != epoch_) problem(where + "written in an epoch that is not the current one");
    RunSummary& summary = summaries_[turn.run];
    summary.run = turn.run;
    if (fold(summary, turn)) summary.as_of = index;
    open_runs_[turn.run].fold(turn);
  }

  // The root over all leaves, and the one from the stored subtree hashes. The latter reads only
  // those that the root of this size needs: smaller subtrees inside larger full ones are not
  // compared.
  void roots() {
    if (tree_.root() != report_.head.root) {
      problem("the root of the " + std::to_string(report_.records) +
              " records is not the one in the head: a record was changed, or the head was");
    }
    if (log_.root(report_.head.size) != report_.head.root) {
      problem("the stored subtree hashes do not give the head's root");
    }
  }

  void projections() {
    std::map<std::string, std::string> rebuilt;
    for (const auto& [run, summary] : summaries_) {
      rebuilt[summary_key(summary.run_id)] = encode(summary);
      std::uint32_t indexed = 0;
      log_.scan_run(run, 0, [&](std::uint32_t, const store::Record&) { return ++indexed > 0; });
      if (indexed != turns_[run]) {
        problem("run " + summary.run_id + " has " + std::to_string(turns_[run]) +
                " turns, its index lists " + std::to_string(indexed));
      }
    }
    for (const auto& [run, open] : open_runs_) {
      if (const auto entry = open.encode()) rebuilt[open_run_key(run)] = *entry;
    }
    if (build_) rebuilt[std::string(build_key)] = *build_;
    for (const std::string_view prefix : {summary_prefix, open_run_prefix, build_key}) {
      log_.scan_projections(prefix, [&](std::string_view key, std::string_view value) {
        const auto it = rebuilt.find(std::string(key));
        if (it == rebuilt.end() || it->second != value) {
          problem("projection " + readable(key) + " is not what the records say");
        }
        if (it != rebuilt.end()) rebuilt.erase(it);
        return true;
      });
    }
    for (const auto& [key, value] : rebuilt) problem("projection " + readable(key) + " is missing");
  }

  const store::LogReader& log_;
  FetchBlob fetch_;
  Definitions definitions_;
  VerifyReport report_;
  store::Tree tree_;
  std::uint64_t epoch_ = 0;
  std::map<std::uint64_t, std::uint32_t> turns_;
  std::map<std::uint64_t, RunSummary> summaries_;
  std::map<std::uint64_t, OpenRun> open_runs_;
  std::optional<std::string> build_;
};

}  // namespace

VerifyReport verify(const store::LogReader& log, const std::optional<store::Head>& anchor) {
  return Verification(log).run(anchor);
}

}  // namespace ratchet::engine
