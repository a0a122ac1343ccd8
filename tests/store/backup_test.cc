// A backup is one whole state of the log, however busily it is written meanwhile; what is not
// durable, or damaged, is never called one.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/page.h"
#include "store/rocks_backup.h"
#include "store/rocks_log.h"
#include "tests/store/log_under_test.h"

namespace ratchet::store {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Backup : public testing::Test {
 protected:
  std::string dir() const { return folder_.path() + "/log"; }
  std::string to(int number = 0) const {
    return folder_.path() + "/backup" + std::to_string(number);
  }

  // Each record's number is in a projection too: both must be of one moment.
  static Entry numbered(std::uint64_t index) {
    Entry entry = plain_entry(std::to_string(index) + std::string(300, 'x'));
    entry.projections.push_back({"size", std::to_string(index + 1)});
    entry.projections.push_back({"record/" + std::to_string(index), "here"});
    return entry;
  }
  static void expect_whole(const LogReader& log) {
    const Head head = log.head();
    EXPECT_EQ(log.root(head.size), head.root);
    EXPECT_EQ(log.projection("size"), std::to_string(head.size));
    std::uint64_t records = 0;
    log.scan(0, head.size, [&](const Record& record) {
      EXPECT_EQ(record.bytes, numbered(record.index).record);
      ++records;
      return true;
    });
    EXPECT_EQ(records, head.size);
    std::uint64_t projections = 0;
    log.scan_projections("record/",
                         [&](std::string_view, std::string_view) { return ++projections != 0; });
    EXPECT_EQ(projections, head.size);
  }

  TemporaryFolder folder_;
};

TEST_F(Backup, OfALogThatIsWrittenMeanwhileIsOneStateOfIt) {
  const auto log = open_rocks_log(dir());
  std::atomic<bool> enough = false;
  std::atomic<std::uint64_t> submitted = 0;
  std::thread writer([&] {
    while (!enough) {
      log->submit(numbered(submitted));
      if (++submitted % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  });
  std::uint64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    while (submitted < last + 300) std::this_thread::yield();
    const Head head = back_up_rocks_log(dir(), to(i));
    EXPECT_GT(head.size, last);
    last = head.size;
    const auto copy = open_rocks_reader(to(i));
    EXPECT_EQ(copy->head(), head);
    expect_whole(*copy);
    EXPECT_EQ(log->root(head.size), head.root) << "the log extends its backup";
  }
  enough = true;
  writer.join();
}

TEST_F(Backup, IsALogThatGoesOn) {
  {
    const auto log = open_rocks_log(dir());
    for (std::uint64_t i = 0; i < 300; ++i) log->submit(numbered(i));
  }
  EXPECT_EQ(back_up_rocks_log(dir(), to()).size, 300U);
  {
    const auto log = open_rocks_log(to());
    log->submit(numbered(300));
  }
  const auto reader = open_rocks_reader(to());
  EXPECT_EQ(reader->head().size, 301U);
  expect_whole(*reader);
}

TEST_F(Backup, OfACopyWithoutAPageIsTheSame) {
  {
    open_rocks_log(dir())->submit(numbered(0));
  }
  fs::remove(dir() + "/" + Page::file_name);
  EXPECT_EQ(back_up_rocks_log(dir(), to()).size, 1U);
  expect_whole(*open_rocks_reader(to()));
}

TEST_F(Backup, IsRefusedWhereSomethingIsOrNothing) {
  std::string what;
  EXPECT_EQ(fault_of([&] { back_up_rocks_log(dir(), to()); }, &what), Fault::not_a_log);
  {
    open_rocks_log(dir())->submit(numbered(0));
  }
  fs::create_directory(to());
  std::ofstream(to() + "/mine") << "x";
  EXPECT_EQ(fault_of([&] { back_up_rocks_log(dir(), to()); }, &what), Fault::io);
  EXPECT_THAT(what, HasSubstr("exists"));
  EXPECT_TRUE(fs::exists(to() + "/mine"));
  EXPECT_EQ(fault_of([&] { back_up_rocks_log(dir(), folder_.path() + "/no/such"); }), Fault::io);
}

// As after a crash of the machine: what was written and never synced may be in the files.
TEST_F(Backup, OfWhatIsNotDurableIsWaitedForAndThenRefused) {
  Head head;
  {
    const auto log = open_rocks_log(dir());
    for (std::uint64_t i = 0; i < 3; ++i) log->submit(numbered(i));
  }
  head = open_rocks_reader(dir())->head();
  fs::remove(dir() + "/" + Page::file_name);
  Page page = Page::open_or_create(dir(), head.log_id, head.size - 1);
  std::string what;
  const std::chrono::milliseconds soon{20};
  EXPECT_EQ(fault_of([&] { back_up_rocks_log(dir(), to(), soon); }, &what), Fault::io);
  EXPECT_THAT(what, HasSubstr("holds 3 records, of which 2 are durable"));
  EXPECT_FALSE(fs::exists(to()));
  std::thread writer([&page, &head] {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    page.publish(head.size);
  });
  EXPECT_EQ(back_up_rocks_log(dir(), to()).size, 3U);
  writer.join();
}

TEST_F(Backup, OfALogThatLostItsEndIsRefused) {
  Head head;
  {
    open_rocks_log(dir())->submit(numbered(0));
  }
  head = open_rocks_reader(dir())->head();
  fs::remove(dir() + "/" + Page::file_name);
  const Page page = Page::open_or_create(dir(), head.log_id, head.size + 1);
  EXPECT_EQ(fault_of([&] { back_up_rocks_log(dir(), to()); }), Fault::corrupt);
  EXPECT_FALSE(fs::exists(to()));
}

}  // namespace
}  // namespace ratchet::store
