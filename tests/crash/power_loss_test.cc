// A loss of power at every activity start, at every acknowledgement, and just before every sync:
// nothing that was acknowledged is lost, no activity ran without its durable intent, and the run
// comes to its end. The disk of lossy_disk.h is below a real RocksDB.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "store/page.h"
#include "store/rocks_log.h"
#include "tests/crash/account.h"
#include "tests/crash/lossy_disk.h"
#include "tests/crash/share.h"
#include "tests/crash/trip.h"
#include "tests/store/log_under_test.h"

namespace ratchet::crash {
namespace {

const std::string far(9000, 'x');  // records that span pages, so that they can be torn

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What is left when the power comes back, and what the world outside knows by then.
struct Cut {
  std::string where;
  Loss loss;
  bool undoes_names;  // there were names that it undoes
  Image log;
  std::string ledger;
  std::string anchor;
  Account account;
};

void restore(const Cut& cut, const Place& place) {
  write_image(place.log(), cut.log);
  std::ofstream(place.ledger()) << cut.ledger;
  if (!cut.anchor.empty()) std::ofstream(place.anchor()) << cut.anchor;
}

// Lives once and takes down what each loss of power would leave, each different image once.
class Cutter final : public LossyDisk {
 public:
  Cutter(const Place& place, Account account, bool lies)
      : LossyDisk(place.log(), lies), place_(place), account_(std::move(account)) {
    first_page_ = page();
  }

  std::vector<Cut> live() {
    const auto env = watched_env(*this);
    Life life{.place = place_, .where = far, .env = env.get()};
    life.acknowledged = [this](const engine::Recorded& recorded) {
      const std::scoped_lock lock(mutex_);
      account_.acknowledge(recorded.run_id, recorded.turn.turn);
      cut("at the acknowledgement of turn " + std::to_string(recorded.turn.turn));
    };
    life.performs = [this](const engine::AttemptInfo& info) {
      const std::scoped_lock lock(mutex_);
      account_.perform(info.run_id, info.command);
      cut("at the start of step " + std::to_string(info.command));
    };
    EXPECT_EQ(crash::live(life), End::finished);
    return std::move(cuts_);
  }

  rocksdb::IOStatus before(const FileOp& op) override {
    if (op.kind == FileOp::Kind::sync || op.kind == FileOp::Kind::sync_folder) {
      const std::scoped_lock lock(mutex_);
      cut("before a sync of " + std::filesystem::path(op.file).filename().string());
    }
    return rocksdb::IOStatus::OK();
  }

 private:
  std::string page() const { return bytes_of(place_.log() + "/" + store::Page::file_name); }

  void cut(const std::string& where) {
    for (const Loss& loss : all_losses()) {
      // The page is no file of RocksDB's. Its bytes may be of any time before this, its name may be
      // undone. It is read first: the log's writer goes on, and what it then says is not in the
      // image.
      const std::string now = loss.names_undone ? first_page_ : page();
      Image image = after_loss(loss);
      const bool undoes_names = loss.names_undone && image != after_loss({loss.tail, false});
      if (!now.empty()) image[store::Page::file_name] = now;
      if (!seen_.insert({image, account_.size()}).second) continue;
      cuts_.push_back({where, loss, undoes_names, std::move(image), bytes_of(place_.ledger()),
                       bytes_of(place_.anchor()), account_});
    }
  }

  const Place place_;
  std::mutex mutex_;
  Account account_;
  std::string first_page_;
  std::set<std::pair<Image, std::size_t>> seen_;
  std::vector<Cut> cuts_;
};

enum class After { good, refused, bad };

// Opens what is left, compares, and lives to the end.
After outlive(const Cut& cut, std::string& why) {
  const store::TemporaryFolder folder;
  const Place place{folder.path()};
  restore(cut, place);
  Account account = cut.account;
  try {
    account.compare(*store::open_rocks_log(place.log()), place.anchor());
    Life life{.place = place, .where = far};
    life.performs = [&](const engine::AttemptInfo& info) {
      account.perform(info.run_id, info.command);
    };
    if (live(life) != End::finished) why = "it halted";
    account.compare(*store::open_rocks_log(place.log()), place.anchor());
  } catch (const store::Error& error) {
    why = error.what();
    return error.fault() == store::Fault::corrupt ? After::refused : After::bad;
  } catch (const std::exception& error) {
    why = error.what();
  }
  if (!account.complaints().empty()) why = account.complaints().front();
  if (why.empty() && ledger_of(place) != full_ledger(1)) why = "the ledger: " + ledger_of(place);
  return why.empty() ? After::good : After::bad;
}

// A sector that is missing inside the tail looks like damage and not like the end of the log: the
// log refuses, and says so. Every other loss must open.
bool may_be_refused(const Loss& loss) { return loss.tail == Loss::Tail::hole_512; }

void outlive_all(const std::vector<Cut>& cuts, Counts& counts) {
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    if (!takes(i, 16)) continue;
    std::string why;
    const After after = outlive(cuts[i], why);
    ++counts["points"];
    if (cuts[i].where.starts_with("at the start")) ++counts["at_activity_starts"];
    if (cuts[i].where.starts_with("at the ack")) ++counts["at_acknowledgements"];
    if (cuts[i].where.starts_with("before")) ++counts["before_syncs"];
    // Elsewhere the log's writer goes on between the two looks at the disk.
    if (cuts[i].where.starts_with("before") && cuts[i].undoes_names) ++counts["undid_names"];
    if (cuts[i].loss.tail == Loss::Tail::torn_512) ++counts["torn_at_512"];
    if (cuts[i].loss.tail == Loss::Tail::torn_4096) ++counts["torn_at_4096"];
    if (after == After::refused && may_be_refused(cuts[i].loss)) {
      ++counts["refused_for_a_hole"];
    } else if (after != After::good) {
      ++counts["bad"];
      ADD_FAILURE() << "power lost " << cuts[i].where << ", " << cuts[i].loss.text() << ": " << why;
    }
  }
}

TEST(PowerLoss, LosesNothingThatWasAcknowledged) {
  Counts counts{{"bad", 0}};
  const store::TemporaryFolder fresh;
  const std::vector<Cut> cuts = Cutter({fresh.path()}, {}, false).live();
  outlive_all(cuts, counts);
  // The next process opens what one of them left: it moves the log into a table, and goes on.
  const auto half = cuts.begin() + static_cast<std::ptrdiff_t>(cuts.size() / 2);
  const Cut& middle =
      *std::find_if(half, cuts.end(), [](const Cut& cut) { return !may_be_refused(cut.loss); });
  const store::TemporaryFolder resumed;
  restore(middle, {resumed.path()});
  outlive_all(Cutter({resumed.path()}, middle.account, false).live(), counts);
  for (const char* loss : {"torn_at_512", "torn_at_4096", "undid_names"}) {
    if (is_full()) EXPECT_GT(counts[loss], 0U) << "no loss of power has " << loss;
  }
  report("power loss", counts);
}

// Which folders were synced.
class FolderSyncs final : public FileWatch {
 public:
  void after(const FileOp& op) override {
    if (op.kind != FileOp::Kind::sync_folder) return;
    const std::scoped_lock lock(mutex_);
    synced_.insert(op.file);
  }
  bool has(const std::string& folder) const {
    const std::scoped_lock lock(mutex_);
    return synced_.contains(folder);
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> synced_;
};

// Else the name of the folder could go, with all that is in it.
TEST(PowerLoss, LeavesTheFolderOfANewLog) {
  const store::TemporaryFolder folder;
  for (const char* const name : {"/log", "/another/"}) {
    FolderSyncs syncs;
    const auto env = watched_env(syncs);
    store::open_rocks_log(folder.path() + name, {.env = env.get()});
    EXPECT_TRUE(syncs.has(std::filesystem::path(folder.path()).lexically_normal())) << name;
  }
}

// The test of the test: a disk that says that it has synced and has not is found out.
TEST(PowerLoss, ADiskThatLiesIsFoundOut) {
  const store::TemporaryFolder fresh;
  const std::vector<Cut> cuts = Cutter({fresh.path()}, {}, true).live();
  std::string why;
  EXPECT_NE(outlive(cuts.back(), why), After::good);
  EXPECT_FALSE(why.empty());
}

}  // namespace
}  // namespace ratchet::crash
