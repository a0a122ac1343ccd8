// A damaged log is refused or says so where it is read; damage never looks like the end of the log.
#include <filesystem>
#include <fstream>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "store/anchor_check.h"
#include "store/keys.h"
#include "store/merkle.h"
#include "store/page.h"
#include "store/rocks_log.h"
#include "store/tree_check.h"
#include "tests/store/log_under_test.h"

namespace ratchet::store {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::uint64_t record_count = 2000;

class DamagedLog : public testing::Test {
 protected:
  void SetUp() override {
    const auto log = open_rocks_log(dir());
    Told told;
    log->listen(told.listener());
    Entry first = turn_entry(0, 0, "record 0");
    first.blobs = {{sha256("payload"), "payload"}};
    log->submit(std::move(first));
    for (std::uint32_t i = 1; i < record_count; ++i) {
      log->submit(turn_entry(0, i, "record " + std::to_string(i) + std::string(300, 'x')));
    }
    told.wait_for(record_count);
    head_ = log->head();
  }

  const std::string& dir() const { return folder_.path(); }

  // Recovery at open moves the records from the write-ahead log into tables.
  void move_into_tables() { open_rocks_log(dir()); }

  // The largest file with this ending.
  std::string file(const std::string& ending) const {
    fs::path largest;
    for (const auto& entry : fs::directory_iterator(dir())) {
      if (!entry.path().string().ends_with(ending)) continue;
      if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
    }
    EXPECT_FALSE(largest.empty()) << "no file ends in " << ending;
    return largest.string();
  }

  std::string manifest_file() const {
    for (const auto& entry : fs::directory_iterator(dir())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("MANIFEST-")) return entry.path().string();
    }
    return {};
  }

  static void flip_bit(const std::string& name, std::uintmax_t at) {
    std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }

  void cut(const std::string& name, std::uintmax_t bytes) const {
    fs::resize_file(name, written_bytes(name) - bytes);
  }

  // Without the zeroes that RocksDB allocates ahead.
  static std::uintmax_t written_bytes(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    return content.find_last_not_of('\0') + 1;
  }

  // Edits behind the log's back.
  template <class Edit>
  void edit(const Edit& edit) const {
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, dir(), &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    edit(*db);
  }

  void remove_page() const { fs::remove(dir() + "/" + Page::file_name); }

  Fault fault_at_open(std::string* what = nullptr) const {
    return fault_of([&] { open_rocks_log(dir()); }, what);
  }
  Fault fault_of_reader(std::string* what = nullptr) const {
    return fault_of([&] { open_rocks_reader(dir()); }, what);
  }

  TemporaryFolder folder_;
  Head head_;
};

void count_all(const LogReader& log, std::uint64_t& count) {
  log.scan(0, log.head().size, [&](const Record&) {
    ++count;
    return true;
  });
}

TEST_F(DamagedLog, AFlippedBitInTheWriteAheadLogIsRefused) {
  const std::string wal = file(".log");
  flip_bit(wal, written_bytes(wal) / 2);
  std::string what;
  EXPECT_EQ(fault_of_reader(), Fault::corrupt);
  EXPECT_EQ(fault_at_open(&what), Fault::corrupt);
  EXPECT_THAT(what, AllOf(HasSubstr(dir()), HasSubstr("backup")));
  remove_page();
  EXPECT_EQ(fault_of_reader(), Fault::corrupt);
  EXPECT_EQ(fault_at_open(), Fault::corrupt);
}

TEST_F(DamagedLog, ATornWriteAheadLogIsRefusedByItsPage) {
  cut(file(".log"), 100);
  std::string what;
  EXPECT_EQ(fault_of_reader(), Fault::corrupt);
  EXPECT_EQ(fault_at_open(&what), Fault::corrupt);
  EXPECT_THAT(what, AllOf(HasSubstr(dir()), HasSubstr("2000"), HasSubstr("lost its tail")));
}

TEST_F(DamagedLog, ATornWriteAheadLogWithoutItsPageIsFoundByAnEarlierHead) {
  cut(file(".log"), 100);
  remove_page();
  const auto log = open_rocks_log(dir());
  EXPECT_LT(log->head().size, record_count);
  EXPECT_EQ(fault_of([&] { check_extends(*log, head_); }), Fault::corrupt);
}

TEST_F(DamagedLog, ADeletedWriteAheadLogIsRefusedByItsPage) {
  fs::remove(file(".log"));
  EXPECT_EQ(fault_of_reader(), Fault::corrupt);
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::string what;
    EXPECT_EQ(fault_at_open(&what), Fault::corrupt);
    EXPECT_THAT(what, HasSubstr("has 0 records, but 2000 were durable"));
  }
}

TEST_F(DamagedLog, ADeletedWriteAheadLogWithoutItsPageIsFoundByAnEarlierHead) {
  move_into_tables();
  {
    const auto log = open_rocks_log(dir());
    log->submit(plain_entry("only in the write-ahead log"));
  }
  const Head anchor = open_rocks_log(dir())->head();
  {
    const auto log = open_rocks_log(dir());
    log->submit(plain_entry("also"));
  }
  const Head last = open_rocks_reader(dir())->head();
  for (const auto& entry : fs::directory_iterator(dir())) {
    if (entry.path().extension() == ".log") fs::remove(entry.path());
  }
  remove_page();
  const auto log = open_rocks_log(dir());
  EXPECT_NO_THROW(check_extends(*log, anchor));
  EXPECT_EQ(fault_of([&] { check_extends(*log, last); }), Fault::corrupt);
}

// Reads everything; true if it is all there, false if the damage was named.
bool all_there_or_corrupt(const std::function<std::unique_ptr<LogReader>()>& open) {
  std::uint64_t count = 0;
  std::uint64_t turns = 0;
  try {
    const std::unique_ptr<LogReader> log = open();
    count_all(*log, count);
    log->scan_run(0, 0, [&](std::uint32_t, const Record&) { return ++turns != 0; });
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::corrupt) << error.what();
    return false;
  }
  EXPECT_EQ(count, record_count);
  EXPECT_EQ(turns, record_count);
  return true;
}

TEST_F(DamagedLog, AFlippedBitInATableIsNeverTheEndOfTheLog) {
  move_into_tables();
  const std::string table = file(".sst");
  int found_by_reader = 0;
  int found_by_writer = 0;
  for (int part = 0; part < 20; ++part) {
    const std::uintmax_t at = fs::file_size(table) * part / 20;
    flip_bit(table, at);
    found_by_reader += all_there_or_corrupt([&] { return open_rocks_reader(dir()); }) ? 0 : 1;
    found_by_writer += all_there_or_corrupt([&] { return open_rocks_log(dir()); }) ? 0 : 1;
    flip_bit(table, at);
  }
  EXPECT_GE(found_by_reader, 15) << "the rest hit bytes that no read needs";
  EXPECT_EQ(found_by_writer, found_by_reader);
  EXPECT_TRUE(all_there_or_corrupt([&] { return open_rocks_log(dir()); }));
}

TEST_F(DamagedLog, AMissingTableIsRefused) {
  move_into_tables();
  fs::remove(file(".sst"));
  EXPECT_EQ(fault_of_reader(), Fault::corrupt);
  EXPECT_EQ(fault_at_open(), Fault::corrupt);
  remove_page();
  EXPECT_EQ(fault_of_reader(), Fault::corrupt);
  EXPECT_EQ(fault_at_open(), Fault::corrupt);
}

// The head is in the write-ahead log then, and says nothing of the table.
TEST_F(DamagedLog, AReaderDoesNotPassOverATableBelowTheWriteAheadLog) {
  move_into_tables();
  open_rocks_log(dir())->submit(plain_entry("in the write-ahead log"));
  ASSERT_EQ(open_rocks_reader(dir())->head().size, record_count + 1);
  const std::string table = file(".sst");
  for (const auto kept : {fs::file_size(table) - 1, fs::file_size(table) / 2}) {
    fs::resize_file(table, kept);
    EXPECT_EQ(fault_of_reader(), Fault::corrupt) << kept;
  }
  fs::remove(table);
  std::string what;
  EXPECT_EQ(fault_of_reader(&what), Fault::corrupt);
  EXPECT_THAT(what, HasSubstr("record 1999 is missing"));
}

// It is refused, or it lacks nothing: a manifest that ends early is one that is being written.
void expect_refused_or_whole(const std::string& dir, std::uintmax_t kept, int& refused) {
  std::unique_ptr<LogReader> log;
  try {
    log = open_rocks_reader(dir);
  } catch (const Error&) {
    ++refused;
    return;
  }
  for (const std::uint64_t index : {std::uint64_t{0}, record_count - 1, record_count}) {
    EXPECT_NO_THROW(log->leaf(index)) << "of the manifest " << kept << " bytes are left";
  }
}

TEST_F(DamagedLog, AManifestThatWasCutHidesNoTable) {
  move_into_tables();
  open_rocks_log(dir())->submit(plain_entry("in the write-ahead log"));
  const std::string manifest = manifest_file();
  const std::uintmax_t whole = fs::file_size(manifest);
  std::ifstream in(manifest, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  for (int with_page = 1; with_page >= 0; --with_page) {
    if (with_page == 0) remove_page();
    std::ofstream(manifest, std::ios::binary) << content;
    int refused = 0;
    for (std::uintmax_t kept = whole; kept > 16; kept -= 16) {
      fs::resize_file(manifest, kept);
      expect_refused_or_whole(dir(), kept, refused);
    }
    EXPECT_GE(refused, 4);
  }
}

TEST_F(DamagedLog, ADamagedManifestIsRefused) {
  move_into_tables();
  const std::string manifest = manifest_file();
  flip_bit(manifest, fs::file_size(manifest) / 2);
  EXPECT_EQ(fault_of_reader(), Fault::corrupt);
  EXPECT_EQ(fault_at_open(), Fault::corrupt);
}

TEST_F(DamagedLog, AMissingCurrentIsNotTakenForAnEmptyFolder) {
  move_into_tables();
  fs::remove(dir() + "/CURRENT");
  std::string what;
  EXPECT_EQ(fault_at_open(&what), Fault::corrupt);
  EXPECT_THAT(what, HasSubstr("CURRENT"));
  EXPECT_TRUE(fs::exists(file(".sst"))) << "RocksDB would have begun a new database over the old";
}

TEST_F(DamagedLog, AMissingRecordIsCorruptWhereverItIsRead) {
  edit([](rocksdb::DB& db) { db.Delete({}, record_key(100).view()); });
  const auto log = open_rocks_log(dir());
  std::uint64_t count = 0;
  EXPECT_EQ(fault_of([&] { count_all(*log, count); }), Fault::corrupt);
  EXPECT_EQ(count, 100U);
  EXPECT_EQ(fault_of([&] { log->read(100); }), Fault::corrupt);
  EXPECT_EQ(fault_of([&] { log->leaf(100); }), Fault::corrupt);
  EXPECT_EQ(
      fault_of([&] { log->scan_run(0, 0, [](std::uint32_t, const Record&) { return true; }); }),
      Fault::corrupt);
}

TEST_F(DamagedLog, AMissingTurnIsCorrupt) {
  edit([](rocksdb::DB& db) { db.Delete({}, turn_key({0, 7}).view()); });
  std::string what;
  EXPECT_EQ(fault_of(
                [&] {
                  open_rocks_reader(dir())->scan_run(
                      0, 0, [](std::uint32_t, const Record&) { return true; });
                },
                &what),
            Fault::corrupt);
  EXPECT_THAT(what, HasSubstr("turn 7 of run 0"));
}

TEST_F(DamagedLog, AMissingSubtreeHashIsRefused) {
  edit([](rocksdb::DB& db) { db.Delete({}, subtree_key(1, 3).view()); });
  EXPECT_EQ(fault_at_open(), Fault::corrupt);
}

TEST_F(DamagedLog, AnEditedRecordNotYetInAFullSubtreeIsRefused) {
  edit([](rocksdb::DB& db) { db.Put({}, record_key(record_count - 1).view(), "forged"); });
  EXPECT_EQ(fault_at_open(), Fault::corrupt);
}

TEST_F(DamagedLog, AnEditedRecordInAFullSubtreeChangesItsLeafOnly) {
  edit([](rocksdb::DB& db) { db.Put({}, record_key(5).view(), "forged"); });
  const auto log = open_rocks_log(dir());
  EXPECT_EQ(log->leaf(5), leaf_hash("forged"));
  EXPECT_EQ(log->root(record_count), head_.root) << "the whole tree is the verifier's business";
  EXPECT_NE(log->root(6), Tree(6, [&](unsigned, std::uint64_t n) {
                            return leaf_hash("record " + std::to_string(n) +
                                             (n == 0 ? "" : std::string(300, 'x')));
                          }).root());
  std::string what;
  EXPECT_EQ(fault_of([&] { check_tree(*log, [] { return true; }); }, &what), Fault::corrupt);
  EXPECT_THAT(what, HasSubstr("one of the records 0 to 255 was changed"));
}

TEST_F(DamagedLog, ARecordAboveTheHeadIsRefused) {
  edit([](rocksdb::DB& db) { db.Put({}, record_key(record_count).view(), "stray"); });
  std::string what;
  EXPECT_EQ(fault_at_open(&what), Fault::corrupt);
  EXPECT_THAT(what, HasSubstr("record 2000"));
}

TEST_F(DamagedLog, AHeadAboveTheRecordsIsRefused) {
  edit([](rocksdb::DB& db) { db.Delete({}, record_key(record_count - 1).view()); });
  std::string what;
  EXPECT_EQ(fault_at_open(&what), Fault::corrupt);
  EXPECT_THAT(what, HasSubstr("record 1999"));
}

TEST_F(DamagedLog, AForeignDatabaseIsNoLog) {
  edit([](rocksdb::DB& db) { db.Delete({}, head_key); });
  remove_page();
  EXPECT_EQ(fault_at_open(), Fault::not_a_log);
}

TEST_F(DamagedLog, ANewerFormatIsRefused) {
  edit([&](rocksdb::DB& db) {
    std::string head = encode_head(head_);
    head[0] = 9;
    db.Put({}, head_key, head);
  });
  std::string what;
  EXPECT_EQ(fault_at_open(&what), Fault::unsupported);
  EXPECT_EQ(fault_of_reader(), Fault::unsupported);
  EXPECT_THAT(what, HasSubstr("newer build"));
}

TEST_F(DamagedLog, ABlobWithOtherBytesIsCorrupt) {
  edit([](rocksdb::DB& db) { db.Put({}, blob_key(0, sha256("payload")).view(), "forged"); });
  EXPECT_EQ(fault_of([&] { open_rocks_reader(dir())->blob(0, sha256("payload")); }),
            Fault::corrupt);
}

TEST_F(DamagedLog, APrunedRecordLeavesItsHashAndNoDamage) {
  const std::string last_record = *open_rocks_reader(dir())->read(record_count - 1);
  edit([&](rocksdb::DB& db) {
    for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{1}, record_count - 1}) {
      std::string bytes;
      db.Get({}, record_key(index).view(), &bytes);
      db.Put({}, pruned_key(index).view(), hash_view(leaf_hash(bytes)));
      db.Delete({}, record_key(index).view());
    }
  });
  const auto log = open_rocks_log(dir());
  EXPECT_EQ(log->read(0), std::nullopt);
  EXPECT_EQ(log->leaf(record_count - 1), leaf_hash(last_record));
  std::uint64_t count = 0;
  count_all(*log, count);
  EXPECT_EQ(count, record_count - 3);
  EXPECT_NO_THROW(check_extends(*log, head_));
}

}  // namespace
}  // namespace ratchet::store
