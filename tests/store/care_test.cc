// A torn log is salvaged up to its damage, never beyond what an anchor and the tree confirm; what
// is derived is made anew, and an edited record never looks right after that.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "store/keys.h"
#include "store/merkle.h"
#include "store/rocks_care.h"
#include "store/rocks_log.h"
#include "tests/store/faulty_files.h"
#include "tests/store/log_under_test.h"

namespace ratchet::store {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::uint64_t record_count = 600;

std::map<std::string, std::string> nothing(const LogReader&) { return {}; }

class Care : public testing::Test {
 protected:
  void SetUp() override {
    const auto log = open_rocks_log(dir());
    Told told;
    log->listen(told.listener());
    for (std::uint64_t i = 0; i < record_count; ++i) {
      log->submit(plain_entry("record " + std::to_string(i) + std::string(200, 'x')));
      told.wait_for(i + 1);  // a group each: a torn tail then costs the last ones only
    }
    head_ = log->head();
  }

  std::string dir() const { return folder_.path() + "/log"; }
  std::string into() const { return folder_.path() + "/salvaged"; }

  Head head_at(std::uint64_t size) const {
    Tree tree;
    while (tree.size() < size) {
      const std::string record = "record " + std::to_string(tree.size()) + std::string(200, 'x');
      tree.append(leaf_hash(record), [](unsigned, std::uint64_t, const Hash&) {});
    }
    return {head_.log_id, size, tree.root(), 0};
  }

  std::string wal() const {
    std::string largest;
    for (const auto& file : fs::directory_iterator(dir())) {
      if (file.path().extension() == ".log" &&
          (largest.empty() || file.file_size() > fs::file_size(largest))) {
        largest = file.path();
      }
    }
    return largest;
  }

  void tear(double part) const {
    std::ifstream in(wal(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    const auto written = static_cast<double>(content.find_last_not_of('\0') + 1);
    fs::resize_file(wal(), static_cast<std::uintmax_t>(written * part));
  }

  void flip_in_wal(double part) const {
    std::fstream file(wal(), std::ios::in | std::ios::out | std::ios::binary);
    const auto at = static_cast<std::streamoff>(static_cast<double>(fs::file_size(wal())) * part);
    file.seekg(at);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(at);
    file.put(byte);
  }

  // All files of the log with their bytes; RocksDB's lock file has none.
  std::map<std::string, std::string> content() const {
    std::map<std::string, std::string> files;
    for (const auto& file : fs::directory_iterator(dir())) {
      std::ifstream in(file.path(), std::ios::binary);
      files[file.path().filename()] = {std::istreambuf_iterator<char>(in), {}};
    }
    return files;
  }

  template <class Edit>
  void edit(const Edit& edit) const {
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, dir(), &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    edit(*db);
  }

  TemporaryFolder folder_;
  Head head_;
};

TEST_F(Care, ATornLogIsSalvagedUpToItsTearAndStaysEvidence) {
  tear(0.9);
  EXPECT_EQ(fault_of([&] { open_rocks_log(dir()); }), Fault::corrupt);
  const auto before = content();
  const Salvaged salvaged = salvage_rocks_log(dir(), into(), head_at(300));
  EXPECT_EQ(salvaged.durable, record_count);
  EXPECT_GE(salvaged.head.size, 500U);
  EXPECT_LT(salvaged.head.size, record_count);
  EXPECT_EQ(content(), before);
  const auto log = open_rocks_log(into());
  EXPECT_EQ(log->head().root, head_at(salvaged.head.size).root);
  log->submit(plain_entry("it goes on"));
}

TEST_F(Care, AFlippedBitInTheWriteAheadLogEndsWhatIsSalvaged) {
  flip_in_wal(0.5);
  const Salvaged salvaged = salvage_rocks_log(dir(), into(), head_at(10));
  EXPECT_LT(salvaged.head.size, record_count);
  EXPECT_GE(salvaged.head.size, 10U);
}

// RocksDB would not sync what it finds, and who salvages a log may well throw the torn one away.
TEST_F(Care, WhatIsSalvagedIsSyncedFileByFile) {
  FaultyFiles files;
  files.wal().fail(WalFaults::At::sync, rocksdb::IOStatus::IOError("planted"));
  std::string why;
  EXPECT_EQ(fault_of([&] { salvage_rocks_log(dir(), into(), head_at(10), files.env()); }, &why),
            Fault::io);
  EXPECT_THAT(why, HasSubstr("cannot copy"));
  EXPECT_FALSE(fs::exists(into()));
  files.wal().heal();
  EXPECT_EQ(salvage_rocks_log(dir(), into(), head_at(10), files.env()).head.size, record_count);
}

TEST_F(Care, NothingIsSalvagedThatDoesNotExtendTheAnchor) {
  tear(0.5);
  std::string why;
  EXPECT_EQ(fault_of([&] { salvage_rocks_log(dir(), into(), head_at(590)); }, &why),
            Fault::corrupt);
  EXPECT_THAT(why, HasSubstr("590"));
  Head other = head_at(100);
  other.root[0] ^= 1;
  EXPECT_EQ(fault_of([&] { salvage_rocks_log(dir(), into(), other); }), Fault::corrupt);
  other = head_at(100);
  other.log_id[0] ^= 1;
  EXPECT_EQ(fault_of([&] { salvage_rocks_log(dir(), into(), other); }), Fault::corrupt);
  EXPECT_FALSE(fs::exists(into()));
}

TEST_F(Care, AnEditedRecordIsNotSalvagedThoughNoStoredHashShowsIt) {
  edit([](rocksdb::DB& db) { db.Put({}, record_key(5).view(), "forged"); });
  EXPECT_EQ(fault_of([&] { salvage_rocks_log(dir(), into(), head_at(590)); }), Fault::corrupt);
  EXPECT_FALSE(fs::exists(into()));
}

TEST_F(Care, ALogThatIsOpenIsLeftAlone) {
  const auto log = open_rocks_log(dir());
  EXPECT_EQ(fault_of([&] { salvage_rocks_log(dir(), into(), head_at(1)); }), Fault::locked);
  EXPECT_EQ(fault_of([&] { rebuild_rocks_log(dir(), nothing); }), Fault::locked);
  EXPECT_EQ(fault_of([&] { rebuild_rocks_log(into(), nothing); }), Fault::not_a_log);
}

TEST_F(Care, DamagedDerivedDataIsMadeAnew) {
  std::vector<std::pair<std::size_t, std::size_t>> mended;
  edit([](rocksdb::DB& db) {
    db.Delete({}, subtree_key(1, 0).view());
    db.Put({}, subtree_key(1, 1).view(), std::string(32, 'x'));
    db.Put({}, subtree_key(9, 9).view(), "stray");
    db.Put({}, projection_key("stray"), "x");
  });
  EXPECT_EQ(fault_of([&] { open_rocks_log(dir()); }), Fault::corrupt);
  std::uint64_t shown = 0, hashed = 0;
  const auto derive = [&](const LogReader& log) {
    shown = log.head().size;
    return std::map<std::string, std::string>{{"right", "value"}};
  };
  for (const bool write : {false, true, true}) {
    const Rebuilt rebuilt = rebuild_rocks_log(
        dir(), derive, write, [&](std::uint64_t done, std::uint64_t of) { hashed = done * of; });
    mended.emplace_back(rebuilt.projections, rebuilt.hashes);
  }
  EXPECT_EQ(shown, record_count);
  EXPECT_EQ(hashed, record_count * record_count);
  EXPECT_THAT(mended, ElementsAre(Pair(2, 3), Pair(2, 3), Pair(0, 0)));
  const auto log = open_rocks_log(dir());
  EXPECT_EQ(log->head(), head_);
  EXPECT_EQ(log->root(600), head_.root);
  EXPECT_EQ(log->projection("right"), "value");
  EXPECT_EQ(log->projection("stray"), std::nullopt);
}

TEST_F(Care, ARebuildDoesNotMakeAnEditedRecordLookRight) {
  edit([](rocksdb::DB& db) { db.Put({}, record_key(5).view(), "forged"); });
  const Hash before = open_rocks_reader(dir())->subtree(1, 0);
  EXPECT_EQ(fault_of([&] { rebuild_rocks_log(dir(), nothing); }), Fault::corrupt);
  EXPECT_EQ(open_rocks_reader(dir())->subtree(1, 0), before);
}

}  // namespace
}  // namespace ratchet::store
