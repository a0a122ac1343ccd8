// What is proved: the commands that take care of a log, on real folders: each way out works, says
// what it did, and is refused where it would hide something.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/codec.h"
#include "store/checkpoint.h"
#include "store/keys.h"
#include "store/rocks_log.h"
#include "tests/engine/recording.h"
#include "tests/store/edited_log.h"
#include "tests/tools/log_folder.h"
#include "tools/ratchetctl/ctl.h"

namespace ratchet::ratchetctl {
namespace {

namespace fs = std::filesystem;
using engine::testing::lisbon;
using ::testing::HasSubstr;

struct Answer {
  int code = -1;
  std::string out;
  std::string err;
};

class CareCommands : public ::testing::Test {
 protected:
  CareCommands() : dir(folder.path("log")) {
    outside.disk =
        engine::testing::memory_disk_of(std::make_shared<store::MemoryDisk>(make_log(dir)));
    record_lisbon(outside);
    source = reader_of(outside);
    Copier(*source).copy_all(*store::open_rocks_log(dir));
  }

  Answer ctl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--log", dir});
    std::ostringstream out, err;
    const int code = run(arguments, {}, {out, err, {}});
    return {code, out.str(), err.str()};
  }
  std::string anchor(const store::Head& head) const {
    std::ofstream(folder.path("anchor"), std::ios::binary) << store::to_checkpoint(head);
    return folder.path("anchor");
  }
  // The log as a backup: its first records only.
  void go_back_to(std::uint64_t size) {
    fs::remove_all(dir);
    outside.disk =
        engine::testing::memory_disk_of(std::make_shared<store::MemoryDisk>(make_log(dir)));
    outside.anchor.set(std::nullopt);
    source.reset();
    record_lisbon(outside);
    source = reader_of(outside);
    copier = std::make_unique<Copier>(*source);
    copier->copy(*store::open_rocks_log(dir), size);
  }

  Folder folder;
  std::string dir;
  engine::testing::Outside outside;
  std::unique_ptr<store::LogReader> source;
  std::unique_ptr<Copier> copier;
};

TEST_F(CareCommands, ABackupIsRestoredByWhoeverMayReplaceTheAnchor) {
  const std::uint64_t size = source->head().size;
  go_back_to(size - 2);
  const std::string file = anchor(source->head());
  EXPECT_EQ(ctl({"verify", "--anchor", file}).code, Exit::damaged);
  EXPECT_EQ(ctl({"restore", "--anchor", file, "--reason", "x"}).code, Exit::usage);
  EXPECT_EQ(ctl({"restore", "--anchor", file, "--accept-loss"}).code, Exit::usage);
  const std::vector<std::string> restore{"restore",  "--anchor",  file,   "--accept-loss",
                                         "--reason", "disk died", "--by", "ann"};
  std::vector<std::string> dry_run = restore;
  dry_run.push_back("--dry-run");
  EXPECT_THAT(ctl(dry_run).out, HasSubstr(std::string("would await its release: ") + lisbon));
  EXPECT_EQ(store::open_rocks_reader(dir)->head().size, size - 2);
  const Answer answer = ctl(restore);
  EXPECT_EQ(answer.code, Exit::well) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr(std::string("awaits its release: ") + lisbon));
  EXPECT_THAT(answer.out, HasSubstr("kubectl patch lease"));
  EXPECT_EQ(ctl({"verify", "--anchor", file}).code, Exit::well) << "the file is the new anchor";
  EXPECT_THAT(ctl({"restore", "--anchor", file, "--accept-loss", "--reason", "x"}).err,
              HasSubstr("no loss to accept"));
  EXPECT_THAT(ctl({"runs"}).out, HasSubstr("waits for a person who releases it"));
  EXPECT_THAT(ctl({"-o", "json", "runs"}).out, HasSubstr("a person who releases it"));
  EXPECT_THAT(ctl({"explain", lisbon}).out,
              HasSubstr("Nothing is done for the run.\n  why:  a person accepted the log after a "
                        "loss, and has not released the run yet\n"));
  EXPECT_EQ(ctl({"release", "nobody", "--reason", "x"}).code, Exit::not_found);
  EXPECT_EQ(ctl({"release", lisbon, "--reason", "looked at"}).code, Exit::well);
  EXPECT_EQ(ctl({"release", lisbon, "--reason", "again"}).code, Exit::not_found);
  EXPECT_EQ(ctl({"verify"}).code, Exit::well) << ctl({"verify"}).out;
}

TEST_F(CareCommands, ALogWithoutAnAnchorIsAdopted) {
  EXPECT_EQ(ctl({"adopt", "--reason", ""}).code, Exit::usage);
  EXPECT_THAT(ctl({"adopt", "--reason", "x", "--dry-run"}).out, HasSubstr("would accept"));
  EXPECT_EQ(store::to_checkpoint(store::open_rocks_reader(dir)->head()),
            store::to_checkpoint(source->head()));
  const Answer answer = ctl({"adopt", "--reason", "the Lease was deleted"});
  EXPECT_EQ(answer.code, Exit::well) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("says who and why"));
  EXPECT_EQ(ctl({"verify"}).code, Exit::well);
}

TEST_F(CareCommands, ATornLogIsRepairedIntoANewFolder) {
  const std::uint64_t size = source->head().size;
  go_back_to(size - 3);
  copier->copy(*store::open_rocks_log(dir), size);  // these are in the write-ahead log alone
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.path().extension() != ".log") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    fs::resize_file(entry.path(), content.find_last_not_of('\0') - 20);
  }
  EXPECT_EQ(ctl({"runs"}).code, Exit::damaged);
  const std::string into = folder.path("repaired");
  const auto repair = [&](std::uint64_t anchored) {
    const std::string file = anchor({source->head().log_id, anchored, source->root(anchored), 0});
    return ctl({"repair", "--to-anchor", file, "--into", into, "--reason", "power was lost"});
  };
  const Answer refused = repair(size);
  EXPECT_EQ(refused.code, Exit::damaged) << refused.out;
  EXPECT_THAT(refused.err, HasSubstr("restore the newest backup"));
  EXPECT_FALSE(fs::exists(into));
  const std::string file = anchor({source->head().log_id, size - 3, source->root(size - 3), 0});
  const Answer tried =
      ctl({"repair", "--to-anchor", file, "--into", into, "--reason", "x", "--dry-run"});
  EXPECT_EQ(tried.code, Exit::well) << tried.err;
  EXPECT_THAT(tried.out, HasSubstr(std::string("would await its release: ") + lisbon));
  EXPECT_FALSE(fs::exists(into));
  const Answer answer = repair(size - 3);
  EXPECT_EQ(answer.code, Exit::well) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("is lost"));
  EXPECT_THAT(answer.out, HasSubstr(std::string("awaits its release: ") + lisbon));
  dir = into;
  EXPECT_EQ(ctl({"verify"}).code, Exit::well) << ctl({"verify"}).out;
}

TEST_F(CareCommands, AWholeLogIsRepairedWithoutALoss) {
  const std::string into = folder.path("repaired");
  const std::string file = anchor(source->head());
  const Answer answer = ctl({"repair", "--to-anchor", file, "--into", into, "--reason", "a try"});
  EXPECT_EQ(answer.code, Exit::well) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("salvaged"));
  EXPECT_EQ(store::to_checkpoint(store::open_rocks_log(into)->head()),
            store::to_checkpoint(source->head()));
}

TEST_F(CareCommands, PruningAndRebuildingLeaveAWholeLog) {
  EXPECT_EQ(ctl({"prune", "--completed-before", "soon", "--reason", "x"}).code, Exit::usage);
  EXPECT_EQ(ctl({"prune", "--completed-before", "1999-01-01", "--reason", "\xff"}).code,
            Exit::usage);
  EXPECT_THAT(ctl({"prune", "--completed-before", "1999-01-01", "--reason", "x"}).out,
              HasSubstr("0 runs with 0 records"));
  const auto prune = [&](const std::string& outcome, bool dry_run) {
    std::vector<std::string> arguments{"prune", "--completed-before", "2100-01-01", "--outcome",
                                       outcome, "--reason",           "too old"};
    if (dry_run) arguments.emplace_back("--dry-run");
    return ctl(arguments);
  };
  EXPECT_EQ(prune("paused", false).code, Exit::usage);
  for (const char* other : {"failed", "cancelled", "terminated", "continued"}) {
    EXPECT_THAT(prune(other, false).out, HasSubstr("0 runs with 0 records")) << other;
  }
  EXPECT_THAT(prune("completed", true).out, HasSubstr(std::string("would be pruned: ") + lisbon));
  EXPECT_EQ(store::to_checkpoint(store::open_rocks_reader(dir)->head()),
            store::to_checkpoint(source->head()));
  const Answer answer = prune("completed", false);
  EXPECT_EQ(answer.code, Exit::well) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr(std::string("pruned: ") + lisbon));
  EXPECT_THAT(ctl({"verify"}).out, HasSubstr("of them pruned"));
  EXPECT_THAT(ctl({"history", "--last"}).err, HasSubstr("pruned"));
  EXPECT_THAT(ctl({"history", "--last", "--follow"}).err, HasSubstr("pruned"));
  EXPECT_THAT(ctl({"-o", "json", "runs"}).out, HasSubstr("\"pruned\": true"));
  const Answer proofs = ctl({"prove", "--last"});
  EXPECT_EQ(proofs.code, Exit::not_found) << "no table without a row";
  EXPECT_THAT(proofs.err, HasSubstr("were pruned"));
  EXPECT_THAT(ctl({"prove", "--last", "--size", "1"}).err, HasSubstr("were pruned"));
  EXPECT_EQ(ctl({"rebuild"}).code, Exit::well);
  EXPECT_EQ(ctl({"verify"}).code, Exit::well) << ctl({"verify"}).out;
  EXPECT_THAT(ctl({"runs"}).out, HasSubstr(lisbon));
}

// A log of so many records that the root needs none of the smallest subtrees' hashes: only proofs
// do.
void make_large_log(const std::string& dir, std::uint64_t records) {
  const auto log = store::open_rocks_log(dir);
  for (std::uint64_t i = 0; i < records; ++i) {
    store::Entry entry;
    entry.record = i == 0 ? encode(engine::Genesis{1, log->head().log_id, {}})
                          : encode(engine::Opened{i, "build-1", "test", {}});
    if (i == 1) entry.projections.push_back({std::string(engine::build_key), "build-1"});
    log->submit(std::move(entry));
  }
}

TEST_F(CareCommands, AStoredHashThatNoRootNeedsIsFoundAndMadeAnew) {
  dir = folder.path("large");
  make_large_log(dir, 65'536 + 10);
  EXPECT_EQ(ctl({"verify"}).code, Exit::well) << ctl({"verify"}).out;
  store::edit_log(dir, store::subtree_key(1, 3).view(), std::string(32, 'x'));
  const Answer found = ctl({"verify"});
  EXPECT_EQ(found.code, Exit::damaged);
  EXPECT_THAT(found.out + found.err, HasSubstr("ratchetctl rebuild"));
  EXPECT_THAT(ctl({"rebuild", "--dry-run"}).out, HasSubstr("0 projections and 1 subtree hashes"));
  EXPECT_EQ(ctl({"verify"}).code, Exit::damaged);
  EXPECT_EQ(ctl({"rebuild"}).code, Exit::well);
  EXPECT_EQ(ctl({"verify"}).code, Exit::well);
}

TEST_F(CareCommands, AProjectionThatIsNotWhatTheRecordsSayIsMadeAnew) {
  store::edit_log(dir, store::projection_key("build"), std::nullopt);
  store::edit_log(dir, store::projection_key("run/nobody"), "x");
  store::edit_log(dir, store::projection_key(engine::definition_key(1)), "x");
  store::edit_log(dir, store::projection_key(engine::open_run_key(1)), "x");
  EXPECT_EQ(ctl({"verify"}).code, Exit::damaged);
  EXPECT_THAT(ctl({"rebuild"}).out, HasSubstr("made 4 projections and 0 subtree hashes"));
  EXPECT_EQ(ctl({"verify"}).code, Exit::well) << ctl({"verify"}).out;
}

TEST_F(CareCommands, ALogThatIsOpenIsLeftAlone) {
  const auto log = store::open_rocks_log(dir);
  const std::string into = folder.path("repaired");
  const std::string file = anchor(source->head());
  EXPECT_EQ(ctl({"rebuild"}).code, Exit::failed);
  EXPECT_EQ(ctl({"adopt", "--reason", "x"}).code, Exit::failed);
  EXPECT_EQ(ctl({"prune", "--completed-before", "2100-01-01", "--reason", "x"}).code, Exit::failed);
  EXPECT_EQ(ctl({"repair", "--to-anchor", file, "--into", into, "--reason", "x"}).code,
            Exit::failed);
}

}  // namespace
}  // namespace ratchet::ratchetctl
