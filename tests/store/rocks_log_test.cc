// What RocksLog adds to the contract: folders, other processes, groups, failing disks.
#include "store/rocks_log.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/anchor_check.h"
#include "store/page.h"
#include "tests/store/faulty_files.h"
#include "tests/store/log_under_test.h"

namespace ratchet::store {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

void write_file(const std::string& file, const std::string& content) {
  std::ofstream(file) << content;
}

// A log, and what its listener was told.
struct OpenLog {
  Told told;
  std::unique_ptr<Log> log;

  explicit OpenLog(const std::string& dir, const RocksOptions& options = {})
      : log(open_rocks_log(dir, options)) {
    log->listen(told.listener());
  }
  void fill(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      log->submit(plain_entry("record " + std::to_string(log->next_index())));
    }
    told.wait_for(log->next_index());
  }
};

// Another process that has the log open and has made `records` durable.
class OtherProcess {
 public:
  OtherProcess(const std::string& dir, const std::string& records) {
    int ready[2];
    if (pipe(ready) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ready[1], STDOUT_FILENO);
      execl(LOG_HOLDER, LOG_HOLDER, dir.c_str(), records.c_str(), nullptr);
      _exit(127);
    }
    close(ready[1]);
    char byte = 0;
    if (read(ready[0], &byte, 1) != 1) ADD_FAILURE() << "the other process did not come up";
    close(ready[0]);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  ~OtherProcess() { kill_it(); }

  void kill_it() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
};

TEST(RocksLog, MakesItsFolderButNotTheParents) {
  const TemporaryFolder folder;
  EXPECT_EQ(OpenLog(folder.path() + "/log").log->head().size, 0U);
  std::string what;
  EXPECT_EQ(fault_of([&] { open_rocks_log(folder.path() + "/a/b"); }, &what), Fault::io);
  EXPECT_THAT(what, AllOf(HasSubstr(folder.path() + "/a/b"), HasSubstr("parent")));
}

TEST(RocksLog, RefusesAFolderThatHoldsSomethingElse) {
  const TemporaryFolder folder;
  write_file(folder.path() + "/holiday.jpg", "x");
  std::string what;
  EXPECT_EQ(fault_of([&] { open_rocks_log(folder.path()); }, &what), Fault::not_a_log);
  EXPECT_THAT(what, AllOf(HasSubstr(folder.path()), HasSubstr("holiday.jpg")));
  EXPECT_EQ(fault_of([&] { open_rocks_log(folder.path() + "/holiday.jpg"); }), Fault::not_a_log);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(RocksLog, AcceptsTheFolderThatAFreshVolumeHas) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() + "/lost+found");
  OpenLog(folder.path()).fill(1);
  EXPECT_EQ(OpenLog(folder.path()).log->head().size, 1U);
}

TEST(RocksLog, RefusesAFolderThatItCannotWrite) {
  std::string what;
  EXPECT_EQ(fault_of([&] { open_rocks_log("/proc/log"); }, &what), Fault::io);
  EXPECT_THAT(what, HasSubstr("/proc/log"));
}

TEST(RocksLog, RefusesAWriterBesideThatOfAnotherProcess) {
  const TemporaryFolder folder;
  OtherProcess other(folder.path(), "10");
  std::string what;
  EXPECT_EQ(fault_of([&] { open_rocks_log(folder.path()); }, &what), Fault::locked);
  EXPECT_THAT(what, AllOf(HasSubstr(folder.path()), HasSubstr("another process")));
  EXPECT_EQ(open_rocks_reader(folder.path())->head().size, 10U);
}

TEST(RocksLog, KeepsWhatWasDurableWhenItsProcessIsKilled) {
  const TemporaryFolder folder;
  for (const std::uint64_t size : {300U, 600U}) {
    OtherProcess(folder.path(), "300").kill_it();
    EXPECT_EQ(open_rocks_reader(folder.path())->head().size, size);
    EXPECT_EQ(OpenLog(folder.path()).log->head().size, size);
  }
}

TEST(RocksLog, WritesEverythingThatIsReadyAsOneGroup) {
  const TemporaryFolder folder;
  FaultyFiles files;
  OpenLog open(folder.path(), {.env = files.env()});
  files.wal().hold_syncs();
  open.log->submit(plain_entry("x"));
  files.wal().wait_until_a_sync_is_held();
  for (int i = 0; i < 100; ++i) open.log->submit(plain_entry("x"));
  EXPECT_EQ(open.log->head().size, 0U) << "visible before its sync";
  EXPECT_EQ(open.log->read(0), std::nullopt);
  EXPECT_EQ(open_rocks_reader(folder.path())->head().size, 0U) << "in a reader beside it";
  files.wal().release_syncs();
  open.told.wait_for(101);
  EXPECT_THAT(open.told.durable_sizes(), ElementsAre(1, 101));
}

TEST(RocksLog, RefusesAnEntryWhenTheDiskHangsAndTheQueueIsFull) {
  const TemporaryFolder folder;
  FaultyFiles files;
  OpenLog open(
      folder.path(),
      {.max_queued_entries = 2, .submit_deadline = std::chrono::seconds(0), .env = files.env()});
  files.wal().hold_syncs();
  open.log->submit(turn_entry(0, 0, "a0"));
  files.wal().wait_until_a_sync_is_held();
  open.log->submit(turn_entry(0, 1, "a1"));
  open.log->submit(turn_entry(0, 2, "a2"));
  std::string what;
  EXPECT_EQ(fault_of([&] { open.log->submit(turn_entry(0, 3, "a3")); }, &what), Fault::io);
  EXPECT_THAT(what, AllOf(HasSubstr(folder.path()), HasSubstr("no write")));
  files.wal().release_syncs();
  open.told.wait_for(3);
  EXPECT_EQ(open.log->submit(turn_entry(0, 3, "a3")), 3U) << "the refused entry left no trace";
}

TEST(RocksLog, WaitsForRoomInABoundedQueue) {
  const TemporaryFolder folder;
  OpenLog open(folder.path(), {.max_queued_entries = 2, .max_queued_bytes = 100});
  for (std::uint32_t turn = 0; turn < 200; ++turn) {
    open.log->submit(turn_entry(0, turn, std::string(80, 'x')));
  }
  open.told.wait_for(200);
}

TEST(RocksLog, RemembersTheTurnsOfMoreRunsThanItKeepsInMemory) {
  const TemporaryFolder folder;
  OpenLog open(folder.path(), {.max_queued_entries = 4});
  for (std::uint64_t run = 0; run < 20; ++run) open.log->submit(turn_entry(run, 0, "a"));
  EXPECT_THROW(open.log->submit(turn_entry(0, 2, "gap")), std::invalid_argument);
  EXPECT_THROW(open.log->submit(turn_entry(0, 0, "again")), std::invalid_argument);
  for (std::uint64_t run = 0; run < 20; ++run) open.log->submit(turn_entry(run, 1, "b"));
  open.told.wait_for(40);
}

TEST(RocksLog, RemembersTheTurnsThatAreBeingWrittenWhileItsQueueFillsAgain) {
  const TemporaryFolder folder;
  FaultyFiles files;
  Told told;
  std::promise<void> go_on;
  const std::shared_future<void> may_go_on = go_on.get_future().share();
  const Listener tell = told.listener();
  const auto log = open_rocks_log(folder.path(), {.max_queued_entries = 4, .env = files.env()});
  log->listen({.durable =
                   [&](std::uint64_t size) {
                     tell.durable(size);
                     if (size == 4) may_go_on.wait();  // so that what follows is one group
                   },
               .halted = tell.halted});
  for (std::uint64_t run = 0; run < 4; ++run) log->submit(turn_entry(run, 0, "a"));
  told.wait_for(4);
  for (std::uint64_t run = 4; run < 8; ++run) log->submit(turn_entry(run, 0, "a"));
  files.wal().hold_syncs();
  go_on.set_value();
  files.wal().wait_until_a_sync_is_held();
  for (std::uint64_t run = 8; run < 10; ++run) log->submit(turn_entry(run, 0, "a"));
  EXPECT_NO_THROW(log->submit(turn_entry(4, 1, "b"))) << "its turn 0 is not yet durable";
  files.wal().release_syncs();
  told.wait_for(11);
}

TEST(RocksLog, WritesWhatIsQueuedBeforeItCloses) {
  const TemporaryFolder folder;
  {
    const auto log = open_rocks_log(folder.path());
    for (int i = 0; i < 1000; ++i) log->submit(plain_entry("x"));
  }
  EXPECT_EQ(open_rocks_log(folder.path())->head().size, 1000U);
}

class FailingDisk : public testing::TestWithParam<std::pair<WalFaults::At, bool>> {};

TEST_P(FailingDisk, HaltsTheLogForGoodEvenIfTheDiskRecovers) {
  const auto [at, no_space] = GetParam();
  const TemporaryFolder folder;
  FaultyFiles files;
  Head acknowledged;
  {
    OpenLog open(folder.path(), {.env = files.env()});
    open.fill(5);
    acknowledged = open.log->head();
    files.wal().fail(at, no_space ? rocksdb::IOStatus::NoSpace("injected")
                                  : rocksdb::IOStatus::IOError("injected"));
    open.log->submit(plain_entry("unknown"));
    EXPECT_THAT(open.told.wait_for_halt(), AllOf(HasSubstr(folder.path()), HasSubstr("injected")));
    files.wal().heal();
    std::string what;
    EXPECT_EQ(fault_of([&] { open.log->submit(plain_entry("never")); }, &what), Fault::halted);
    EXPECT_THAT(what, HasSubstr("injected"));
    EXPECT_EQ(open.log->head(), acknowledged);
    EXPECT_EQ(open.log->read(5), std::nullopt);
    EXPECT_EQ(open.told.durable_sizes().back(), 5U);
  }
  OpenLog open(folder.path());
  EXPECT_THAT(open.log->head().size, testing::AnyOf(5U, 6U)) << "a failed append means unknown";
  EXPECT_NO_THROW(check_extends(*open.log, acknowledged));
  open.fill(1);
}

INSTANTIATE_TEST_SUITE_P(
    Wal, FailingDisk,
    testing::Values(std::pair(WalFaults::At::append, false), std::pair(WalFaults::At::append, true),
                    std::pair(WalFaults::At::sync, false), std::pair(WalFaults::At::sync, true)),
    [](const auto& test) {
      return std::string(test.param.first == WalFaults::At::append ? "Append" : "Sync") +
             (test.param.second ? "NoSpace" : "Error");
    });

TEST(RocksLog, LeavesTheRestOfItsBreadcrumbPageToTheEngine) {
  const TemporaryFolder folder;
  std::string log_id;
  {
    OpenLog open(folder.path());
    log_id = open.log->head().log_id;
    Page page = Page::open_or_create(folder.path(), log_id, 0);
    page.engine_bytes().back() = std::byte{7};
    open.fill(3);
    EXPECT_EQ(page.durable_size(), 3U);
  }
  OpenLog(folder.path()).fill(1);
  Page page = Page::open_or_create(folder.path(), log_id, 0);
  EXPECT_EQ(page.engine_bytes().back(), std::byte{7});
  EXPECT_EQ(page.engine_bytes().size(), Page::bytes - Page::engine_offset);
  EXPECT_EQ(page.durable_size(), 4U);
}

TEST(RocksLog, RefusesABreadcrumbPageOfSomethingElse) {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/" + Page::file_name;
  OpenLog(folder.path()).fill(1);
  write_file(file, "x");
  EXPECT_EQ(fault_of([&] { open_rocks_log(folder.path()); }), Fault::corrupt);
  write_file(file, std::string(Page::bytes, 'x'));
  EXPECT_EQ(fault_of([&] { open_rocks_log(folder.path()); }), Fault::corrupt);
  const TemporaryFolder another;
  OpenLog(another.path()).fill(1);
  fs::copy_file(another.path() + "/" + Page::file_name, file, fs::copy_options::overwrite_existing);
  std::string what;
  EXPECT_EQ(fault_of([&] { open_rocks_log(folder.path()); }, &what), Fault::corrupt);
  EXPECT_THAT(what, HasSubstr("another log"));
}

TEST(RocksReader, FollowsALiveLogThroughFlushes) {
  const TemporaryFolder folder;
  OpenLog open(folder.path());
  open.fill(1);
  const auto reader = open_rocks_reader(folder.path());
  const std::string large(max_record_bytes, 'x');
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 150; ++i) open.log->submit(plain_entry(large));
    open.told.wait_for(open.log->next_index());
    reader->refresh();
    ASSERT_EQ(reader->head(), open.log->head());
    ASSERT_EQ(reader->read(reader->head().size - 1), large);
  }
}

TEST(RocksReader, SaysThatThereIsNoLog) {
  const TemporaryFolder folder;
  std::string what;
  EXPECT_EQ(fault_of([&] { open_rocks_reader(folder.path()); }, &what), Fault::not_a_log);
  EXPECT_THAT(what, HasSubstr(folder.path()));
  EXPECT_EQ(fault_of([&] { open_rocks_reader(folder.path() + "/none"); }), Fault::not_a_log);
}

// Names, sizes, times and content of all files.
std::map<std::string, std::string> everything_in(const std::string& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    const auto time = entry.last_write_time().time_since_epoch().count();
    files[entry.path().string()] = std::to_string(time) + " " + content;
  }
  return files;
}

TEST(RocksReader, ChangesNothingInTheFolder) {
  const TemporaryFolder folder;
  OpenLog(folder.path()).fill(400);
  for (const bool has_page : {true, false}) {
    if (!has_page) fs::remove(folder.path() + "/" + Page::file_name);
    const auto before = everything_in(folder.path());
    {
      const auto reader = open_rocks_reader(folder.path());
      reader->refresh();
      EXPECT_EQ(reader->head().size, 400U);
      EXPECT_EQ(reader->root(400), reader->head().root);
    }
    EXPECT_EQ(everything_in(folder.path()), before);
  }
}

}  // namespace
}  // namespace ratchet::store
