#include "engine/inspect/verify.h"

#include <cstdint>
#include <map>
#include <random>
#include <utility>

#include "engine/core/codec.h"
#include "engine/inspect/rebuild.h"
#include "store/anchor_check.h"
#include "store/merkle.h"

namespace ratchet::engine {

namespace {

constexpr std::size_t most_problems = 100;

// Keys of open runs and of definitions end in a number.
std::string readable(std::string_view key) {
  for (const std::string_view prefix : {open_run_prefix, definition_prefix}) {
    if (!key.starts_with(prefix)) continue;
    std::uint64_t number = 0;
    for (const char byte : key.substr(prefix.size())) {
      number = number << 8 | static_cast<std::uint8_t>(byte);
    }
    return std::string(prefix) + std::to_string(number);
  }
  return std::string(key);
}

// The turns of a run, from its records or from the index of turns. The sum tells two lists of
// records apart; a secret that is drawn anew keeps a forger from aiming at an equal one.
struct Turns {
  std::uint32_t count = 0;
  std::uint64_t sum = 0;
  bool compared = false;

  void add(std::uint32_t turn, std::uint64_t index, std::uint64_t secret) {
    ++count;
    sum = (sum ^ index ^ std::uint64_t{turn} << 32 ^ secret) * 0x9e3779b97f4a7c15;
    sum ^= sum >> 29;
  }
};

class Verification {
 public:
  Verification(const store::LogReader& log, const Approvers* approvers, const Progress& progress)
      : log_(log), progress_(progress), fetch_(blobs_of(log)), approvals_(approvers) {
    report_.head = log.head();
  }

  VerifyReport run(const std::optional<store::Head>& anchor) {
    guarded("records", [&] { records(); });
    guarded("tree", [&] { roots(); });
    guarded("projections", [&] { projections(); });
    if (anchor) guarded("anchor", [&] { store::check_extends(log_, *anchor); });
    report_.runs = runs_;
    report_.approvals = approvals_.found();
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
      if (progress_) progress_(next, report_.head.size);
      return true;
    });
    for (; next < report_.head.size; ++next) pruned(next);
  }

  void leaf(const store::Hash& hash) {
    tree_.append(hash, [this](unsigned level, std::uint64_t n, const store::Hash& root) {
      guarded("tree", [&] { subtree(level, n, root); });
    });
    ++report_.records;
  }

  // Every stored hash, also those that no root of this size needs: proofs do.
  void subtree(unsigned level, std::uint64_t n, const store::Hash& root) {
    if (log_.subtree(level, n) == root) return;
    if (wrong_.size() < most_problems) wrong_.push_back({level, n});
  }

  void pruned(std::uint64_t index) {
    leaf(log_.leaf(index));
    ++report_.pruned;
  }

  void one(const store::Record& record) {
    const Decoded decoded = decode(record, definitions_, fetch_);
    rebuild_.add(record, decoded);
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
    } else if (const auto* turn = std::get_if<Turn>(&decoded)) {
      one(record.index, *turn);
    }
  }

  void one(std::uint64_t index, const Turn& turn) {
    report_.events += turn.events.size();
    approvals_.see(index, turn);
    const auto where = [index] { return "record " + std::to_string(index) + ": "; };
    Turns& so_far = turns_[turn.run];
    if (turn.turn != so_far.count) {
      problem(where() + "turn " + std::to_string(turn.turn) + " of run " +
              std::to_string(turn.run) + " stands where turn " + std::to_string(so_far.count) +
              " belongs");
    }
    so_far.add(turn.turn, index, secret_);
    if (turn.epoch != epoch_) problem(where() + "written in an epoch that is not the current one");
  }

  void roots() {
    const bool records_hold = tree_.root() == report_.head.root;
    if (!records_hold) {
      problem("the root of the " + std::to_string(report_.records) +
              " records is not the one in the head: " + first_changed());
    }
    for (const StoredHash& hash : wrong_) {
      problem("the stored hash " + std::to_string(hash.n) + " of level " +
              std::to_string(hash.level) + " is not that of its records" +
              (records_hold ? ": `ratchetctl rebuild` makes it anew" : ""));
    }
    if (log_.root(report_.head.size) != report_.head.root) {
      problem("the stored subtree hashes do not give the head's root");
    }
  }

  // The first stored hash that parts from its 256 records tells where the first changed one is;
  // after the last of these hashes only the head speaks for the records.
  std::string first_changed() const {
    constexpr std::uint64_t many = std::uint64_t{1} << store::bits_per_level;
    for (const StoredHash& hash : wrong_) {
      if (hash.level != 1) continue;
      return "the first record that was changed is one of " + std::to_string(hash.n * many) +
             " to " + std::to_string((hash.n + 1) * many - 1);
    }
    const std::uint64_t first = report_.records / many * many;
    if (first == report_.records) return "the head was changed";
    return "one of the records " + std::to_string(first) + " to " +
           std::to_string(report_.records - 1) + " was changed, or the head was";
  }

  void index_of_turns() {
    std::uint64_t run = 0;
    Turns listed;
    log_.scan_turns([&](store::RunTurn at, std::uint64_t index) {
      if (at.run != run) compare(run, std::exchange(listed, {}));
      run = at.run;
      listed.add(at.turn, index, secret_);
      return true;
    });
    compare(run, listed);
    for (auto& [missing, turns] : turns_) {
      if (!turns.compared) compare(missing, {});
    }
  }

  void compare(std::uint64_t run, const Turns& listed) {
    Turns& recorded = turns_[run];
    recorded.compared = true;
    if (listed.count == recorded.count && listed.sum == recorded.sum) return;
    problem("run " + std::to_string(run) + " has " + std::to_string(recorded.count) +
            " turns, its index lists " + std::to_string(listed.count) +
            (listed.count == recorded.count ? ", and other records" : ""));
  }

  void projections() {
    index_of_turns();
    if (report_.pruned != rebuild_.pruned()) {
      problem(std::to_string(report_.pruned) + " records are gone, but the log says that " +
              std::to_string(rebuild_.pruned()) + " were pruned");
    }
    compare(rebuild_.projections());
  }

  void compare(std::map<std::string, std::string> rebuilt) {
    for (const auto& [key, value] : rebuilt) runs_ += key.starts_with(summary_prefix) ? 1 : 0;
    log_.scan_projections("", [&](std::string_view key, std::string_view value) {
      const auto it = rebuilt.find(std::string(key));
      if (it == rebuilt.end() || it->second != value) {
        problem("projection " + readable(key) + " is not what the records say");
      }
      if (it != rebuilt.end()) rebuilt.erase(it);
      return true;
    });
    for (const auto& [key, value] : rebuilt) problem("projection " + readable(key) + " is missing");
  }

  const store::LogReader& log_;
  const Progress& progress_;
  FetchBlob fetch_;
  Definitions definitions_;
  VerifyReport report_;
  store::Tree tree_;
  struct StoredHash {
    unsigned level = 0;
    std::uint64_t n = 0;
  };
  std::vector<StoredHash> wrong_;  // in the order of the records
  std::uint64_t epoch_ = 0;
  std::random_device random_;
  std::map<std::uint64_t, Turns> turns_;
  const std::uint64_t secret_ = std::uniform_int_distribution<std::uint64_t>()(random_);
  Rebuild rebuild_;
  ApprovalReader approvals_;
  std::uint64_t runs_ = 0;
};

}  // namespace

VerifyReport verify(const store::LogReader& log, const std::optional<store::Head>& anchor,
                    const Approvers* approvers, const Progress& progress) {
  return Verification(log, approvers, progress).run(anchor);
}

}  // namespace ratchet::engine
