// An error of the disk at every file operation, once and for good: the engine refuses to open or
// halts within that append, performs and acknowledges nothing after it, and what is found after
// reopening is whole. Also of the two files beside RocksDB's: the page and the anchor.
#include <atomic>
#include <filesystem>
#include <functional>
#include <iostream>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "store/page.h"
#include "store/rocks_log.h"
#include "tests/crash/account.h"
#include "tests/crash/share.h"
#include "tests/crash/trip.h"
#include "tests/crash/watched_files.h"
#include "tests/store/log_under_test.h"

namespace ratchet::crash {
namespace {

namespace fs = std::filesystem;
using rocksdb::IOStatus;

struct Fault {
  std::size_t nth;  // operation
  bool no_space;    // ENOSPC, else EIO
  bool sticky;
};

class FaultyDisk final : public FileWatch {
 public:
  FaultyDisk(Fault fault, std::string log) : fault_(fault), log_(std::move(log)) {}

  IOStatus before(const FileOp& op) override {
    const std::size_t at = operations_++;
    if (at < fault_.nth || (at > fault_.nth && !fault_.sticky)) return IOStatus::OK();
    const std::scoped_lock lock(mutex_);
    if (what_.empty()) {
      const std::string file = fs::path(op.file).filename().string();
      what_ = std::string(name_of(op.kind)) + " of " + (file == "log" ? "the folder" : file);
      durable_ = durable_size();
    }
    using enum FileOp::Kind;
    if (is_wal(op.file) && (op.kind == append || op.kind == sync)) appending_ = true;
    return fault_.no_space ? IOStatus::NoSpace("injected") : IOStatus::IOError("injected");
  }

  // What failed first; empty if nothing did.
  std::string what() const {
    const std::scoped_lock lock(mutex_);
    return what_;
  }
  bool struck() const { return !what().empty(); }
  bool struck_an_append() const { return appending_; }
  // How many records were durable by then.
  std::uint64_t durable() const { return durable_; }

 private:
  std::uint64_t durable_size() const {
    const auto page = store::Page::open_to_read(log_);
    return page ? page->durable_size() : 0;
  }

  const Fault fault_;
  const std::string log_;
  std::atomic<std::size_t> operations_ = 0;
  mutable std::mutex mutex_;
  std::string what_;
  std::atomic<bool> appending_ = false;
  std::atomic<std::uint64_t> durable_ = 0;
};

// Something that left the process after the fault, and how to find its record.
struct Late {
  std::string what;
  std::string run;
  std::function<bool(const engine::Turn&)> is_its_turn;
};

enum class How { refused, halted, finished };

class FaultyLife {
 public:
  FaultyLife(const Place& place, Fault fault) : place_(place), disk_(fault, place.log()) {}

  How live() {
    const auto env = watched_env(disk_);
    Life life{.place = place_, .env = env.get()};
    life.acknowledged = [this](const engine::Recorded& recorded) {
      account_.acknowledge(recorded.run_id, recorded.turn.turn);
      left("turn " + std::to_string(recorded.turn.turn) + " was acknowledged", recorded.run_id,
           [turn = recorded.turn.turn](const engine::Turn& t) { return t.turn == turn; });
    };
    life.performs = [this](const engine::AttemptInfo& info) {
      account_.perform(info.run_id, info.command);
      left("step " + std::to_string(info.command) + " was performed", info.run_id,
           [command = info.command](const engine::Turn& turn) {
             return std::ranges::any_of(turn.events, [&](const engine::Event& event) {
               const auto* step = std::get_if<engine::StepScheduled>(&event);
               return step != nullptr && step->command == command;
             });
           });
    };
    try {
      return crash::live(life) == End::halted ? How::halted : How::finished;
    } catch (const store::Error&) {
      return How::refused;
    }
  }

  // Reopens without faults. Why it is not as it must be; empty if it is.
  std::string check(How how) {
    if (how == How::finished && disk_.struck_an_append()) return "an append failed and it went on";
    {
      const auto log = store::open_rocks_log(place_.log());
      account_.compare(*log, place_.anchor());
      for (const Late& late : late_) {
        if (how != How::finished && index_of(*log, late) >= disk_.durable()) {
          return late.what + " after the fault";
        }
      }
    }
    Life life{.place = place_};
    life.performs = [this](const engine::AttemptInfo& info) {
      account_.perform(info.run_id, info.command);
    };
    if (crash::live(life) != End::finished) return "it halted again, without a fault";
    if (!account_.complaints().empty()) return account_.complaints().front();
    return ledger_of(place_) == full_ledger(1) ? "" : "the ledger: " + ledger_of(place_);
  }

  const FaultyDisk& disk() const { return disk_; }

 private:
  void left(std::string what, const std::string& run,
            std::function<bool(const engine::Turn&)> is_its_turn) {
    if (disk_.struck()) late_.push_back({std::move(what), run, std::move(is_its_turn)});
  }

  static std::uint64_t index_of(const store::LogReader& log, const Late& late) {
    const auto run = engine::find_run(log, late.run);
    if (!run) return log.head().size;
    for (const engine::HistoryTurn& record : engine::read_history(log, run->run)) {
      if (late.is_its_turn(record.turn)) return record.index;
    }
    return log.head().size;
  }

  const Place place_;
  FaultyDisk disk_;
  Account account_;
  std::vector<Late> late_;
};

// True while the operation exists: the fault struck.
bool strike(const std::string& before, Fault fault, Counts& counts) {
  const store::TemporaryFolder folder;
  fs::copy(before, folder.path(), fs::copy_options::recursive);
  FaultyLife life({folder.path()}, fault);
  const How how = life.live();
  if (!life.disk().struck()) return false;
  ++counts["points"];
  ++counts[how == How::refused ? "refused" : how == How::halted ? "halted" : "harmless"];
  if (how == How::finished && is_full()) {
    std::cout << "harmless: " << life.disk().what() << (fault.sticky ? ", for good" : "") << "\n";
  }
  std::string why;
  try {
    why = life.check(how);
  } catch (const std::exception& error) {
    why = std::string("after reopening: ") + error.what();
  }
  if (!why.empty()) {
    ++counts["bad"];
    ADD_FAILURE() << (fault.no_space ? "ENOSPC" : "EIO") << (fault.sticky ? " for good" : " once")
                  << " at operation " << fault.nth << " (" << life.disk().what() << "): " << why;
  }
  return true;
}

// Strikes every operation of a life that begins with the files in `before`.
void strike_all(const std::string& before, Counts& counts) {
  for (const bool no_space : {false, true}) {
    for (const bool sticky : {false, true}) {
      const std::size_t step = is_full() ? 1 : 64;
      const std::size_t first = is_full() ? 0 : (seed() + (sticky ? 32 : 0)) % step;
      for (std::size_t nth = first; strike(before, {nth, no_space, sticky}, counts); nth += step) {
      }
    }
  }
}

struct Abandoned {};

// The files of a run that was abandoned in the middle: the next process recovers.
void abandon_in_the_middle(const Place& place) {
  Life life{.place = place};
  life.acknowledged = [](const engine::Recorded& recorded) {
    if (recorded.turn.turn == 4) throw Abandoned();
  };
  EXPECT_THROW(live(life), Abandoned);
}

TEST(IoFaults, HaltWithinOneAppendAndLeaveAWholeLog) {
  Counts counts{{"bad", 0}};
  const store::TemporaryFolder fresh;
  strike_all(fresh.path(), counts);
  const store::TemporaryFolder half;
  abandon_in_the_middle({half.path()});
  strike_all(half.path(), counts);
  report("I/O faults", counts);
}

// The page and the anchor are written beside RocksDB's files, under another name first: here that
// is a device that is always full.
void fill_up(const std::string& file) { fs::create_symlink("/dev/full", file + ".new"); }
void make_room(const std::string& file) { fs::remove(file + ".new"); }

// Red if a process goes on without the page, or has written to the log by then.
TEST(IoFaults, ALogWhosePageCannotBeMadeIsRefused) {
  const store::TemporaryFolder folder;
  const Life life{.place = {folder.path()}};
  abandon_in_the_middle(life.place);
  const std::string page = life.place.log() + "/" + store::Page::file_name;
  fs::remove(page);
  const store::Head before = store::open_rocks_reader(life.place.log())->head();
  fill_up(page);
  EXPECT_EQ(store::fault_of([&] { live(life); }), store::Fault::io);
  make_room(page);
  EXPECT_EQ(store::open_rocks_reader(life.place.log())->head().size, before.size);
  EXPECT_EQ(live(life), End::finished);
  EXPECT_EQ(ledger_of(life.place), full_ledger(1));
}

// Red if the anchor is written over itself, or if a failed write of it stops a run that does not
// wait for it (tests/engine/irreversible_steps_test.cc has one that does).
TEST(IoFaults, AnAnchorThatCannotBeWrittenStaysAndStopsNoRun) {
  const store::TemporaryFolder folder;
  const Life life{.place = {folder.path()}};
  abandon_in_the_middle(life.place);
  const auto anchored = fs::last_write_time(life.place.anchor());
  fill_up(life.place.anchor());
  EXPECT_EQ(live(life), End::finished);
  EXPECT_TRUE(fs::last_write_time(life.place.anchor()) == anchored);
  make_room(life.place.anchor());
  Account account;
  account.compare(*store::open_rocks_log(life.place.log()), life.place.anchor());
  EXPECT_EQ(account.complaints(), std::vector<std::string>{});
  EXPECT_EQ(ledger_of(life.place), full_ledger(1));
}

}  // namespace
}  // namespace ratchet::crash
