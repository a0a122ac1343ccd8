// To RocksDB a manifest that was cut is a shorter, valid one, and a table that it does not name is
// nobody's: opening for writing deletes it. A log that is refused has all its files as they were;
// one that is opened has all its records.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "store/page.h"
#include "store/rocks_log.h"
#include "tests/store/log_under_test.h"

namespace ratchet::store {
namespace {

// The files of a log by name, without RocksDB's info logs and its lock.
using LogFiles = std::map<std::string, std::string>;

LogFiles read_log_files(const std::string& dir) {
  LogFiles files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("LO")) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files[name] = {std::istreambuf_iterator<char>(file), {}};
  }
  return files;
}

void write_log_files(const std::string& dir, const LogFiles& files) {
  const std::filesystem::path folder(dir);
  for (const auto& [name, bytes] : files) std::ofstream(folder / name, std::ios::binary) << bytes;
}

std::string name_of_manifest(const LogFiles& files) {
  const std::string& current = files.at("CURRENT");
  return current.substr(0, current.find('\n'));
}

std::string last_of(const LogFiles& files, const std::string& ending) {
  std::string last;
  for (const auto& [name, bytes] : files) {
    if (name.ends_with(ending)) last = name;
  }
  EXPECT_NE(last, "") << "no file ends in " << ending;
  return last;
}

// Where a record of the manifest begins: 4 bytes of checksum, 2 of length, 1 of type, its content.
std::vector<std::size_t> record_boundaries(const std::string& manifest) {
  EXPECT_LT(manifest.size(), 32'768U) << "records would be split between blocks";
  std::vector<std::size_t> boundaries;
  std::size_t at = 0;
  while (at + 7 <= manifest.size()) {
    boundaries.push_back(at);
    const std::size_t low = static_cast<unsigned char>(manifest[at + 4]);
    const std::size_t high = static_cast<unsigned char>(manifest[at + 5]);
    at += 7 + low + 256 * high;
  }
  EXPECT_EQ(at, manifest.size());
  return boundaries;
}

// A log that several processes wrote to, one after the other.
class LogAsFiles : public testing::Test {
 protected:
  // What one of them wrote is in a table when it has ended, or still in the write-ahead log.
  enum class Ends { in_a_table, in_the_wal };

  void write_lives(const std::vector<Ends>& lives) {
    const TemporaryFolder folder;
    for (const Ends ends : lives) {
      const auto log = open_rocks_log(folder.path(), {.flush_at_close = ends == Ends::in_a_table});
      Told told;
      log->listen(told.listener());
      for (int i = 0; i < 100; ++i) {
        log->submit(plain_entry("record " + std::to_string(log->next_index())));
      }
      told.wait_for(log->next_index());
      head_ = log->head();
      log->listen({});
    }
    whole_ = read_log_files(folder.path());
  }

  void expect_nothing_lost(const Log& log) const {
    EXPECT_EQ(log.head(), head_);
    std::uint64_t records = 0;
    log.scan(0, head_.size, [&](const Record&) { return ++records != 0; });
    EXPECT_EQ(records, head_.size);
  }

  // True if the log of these files is refused: it is then as it was, and whole again once its
  // undamaged files are back.
  bool is_refused(const LogFiles& damaged) const {
    const TemporaryFolder folder;
    write_log_files(folder.path(), damaged);
    try {
      expect_nothing_lost(*open_rocks_log(folder.path()));
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::corrupt) << error.what();
    }
    EXPECT_TRUE(read_log_files(folder.path()) == damaged) << "the refusal changed files";
    write_log_files(folder.path(), whole_);
    expect_nothing_lost(*open_rocks_log(folder.path()));
    return true;
  }

  // How many of the cuts of the manifest between two records are refused.
  int refused_cuts() const {
    const std::string manifest = name_of_manifest(whole_);
    int refused = 0;
    for (const std::size_t kept : record_boundaries(whole_.at(manifest))) {
      SCOPED_TRACE("of " + manifest + " " + std::to_string(kept) + " bytes are left");
      LogFiles cut = whole_;
      cut[manifest].resize(kept);
      refused += is_refused(cut) ? 1 : 0;
    }
    return refused;
  }

  void forget_page() { ASSERT_EQ(whole_.erase(Page::file_name), 1U); }

  LogFiles whole_;
  Head head_;
};

TEST_F(LogAsFiles, ACutManifestCostsNoTable) {
  write_lives({Ends::in_a_table, Ends::in_a_table, Ends::in_a_table});
  EXPECT_GE(refused_cuts(), 3);
  forget_page();
  EXPECT_GE(refused_cuts(), 3) << "only the tables then know that the manifest is older";
}

// The table that recovery made is named by the last records of the manifest. The records around it
// and the subtree hash above them are elsewhere: without it the root is still the head's.
TEST_F(LogAsFiles, ACutManifestCostsNoTableBelowTheWriteAheadLog) {
  write_lives({Ends::in_a_table, Ends::in_the_wal, Ends::in_the_wal});
  EXPECT_GE(refused_cuts(), 3);
  forget_page();
  EXPECT_GE(refused_cuts(), 3);
}

TEST_F(LogAsFiles, ARefusedWriteAheadLogStaysAsItIs) {
  write_lives({Ends::in_a_table, Ends::in_the_wal});
  LogFiles damaged = whole_;
  std::string& torn = damaged.at(last_of(whole_, ".log"));
  torn.resize(torn.find_last_not_of('\0') - 20);
  EXPECT_TRUE(is_refused(damaged));
  damaged.at(last_of(whole_, ".log")).clear();
  EXPECT_TRUE(is_refused(damaged));
}

// A process that is killed leaves such tables: of what it had not finished, or not yet deleted.
TEST_F(LogAsFiles, ATableThatACrashLeftIsNoReasonToRefuse) {
  write_lives({Ends::in_a_table, Ends::in_the_wal});
  const std::string& table = whole_.at(last_of(whole_, ".sst"));
  for (const std::size_t kept : {table.size(), table.size() / 2, std::size_t{0}}) {
    LogFiles with_left_over = whole_;
    with_left_over["000900.sst"] = table.substr(0, kept);
    EXPECT_FALSE(is_refused(with_left_over)) << kept;
  }
}

}  // namespace
}  // namespace ratchet::store
