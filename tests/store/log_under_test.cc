#include "tests/store/log_under_test.h"

#include <chrono>
#include <deque>
#include <filesystem>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "store/memory_log.h"
#include "store/reads_passed_on.h"
#include "store/rocks_log.h"

namespace ratchet::store {
namespace {

using namespace std::chrono_literals;

class MemoryUnderTest final : public LogUnderTest {
 public:
  std::unique_ptr<Log> open() override {
    return std::make_unique<MemoryLog>(
        disk_, [this](std::function<void()> task) { tasks_.push_back(std::move(task)); });
  }

  void settle(Told& told, std::uint64_t size) override {
    while (!tasks_.empty()) {
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
    told.wait_for(size);
  }

 private:
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::deque<std::function<void()>> tasks_;
};

class RocksUnderTest : public LogUnderTest {
 public:
  std::unique_ptr<Log> open() override { return open_rocks_log(folder_.path()); }
  void settle(Told& told, std::uint64_t size) override { told.wait_for(size); }

 protected:
  const std::string& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

class SeenByReader final : public ReadsPassedOn<Log> {
 public:
  SeenByReader(std::unique_ptr<Log> log, std::unique_ptr<LogReader> reader)
      : log_(std::move(log)), reader_(std::move(reader)) {}

  void listen(Listener listener) override { log_->listen(std::move(listener)); }
  std::uint64_t begin_epoch() override { return log_->begin_epoch(); }
  std::uint64_t submit(Entry entry) override { return log_->submit(std::move(entry)); }
  std::uint64_t next_index() const override { return log_->next_index(); }

 private:
  const LogReader& answering() const override {
    reader_->refresh();
    return *reader_;
  }

  std::unique_ptr<Log> log_;
  std::unique_ptr<LogReader> reader_;
};

class ReaderUnderTest final : public RocksUnderTest {
 public:
  std::unique_ptr<Log> open() override {
    auto log = RocksUnderTest::open();
    return std::make_unique<SeenByReader>(std::move(log), open_rocks_reader(path()));
  }
};

}  // namespace

Listener Told::listener() {
  return {.durable =
              [this](std::uint64_t size) {
                const std::scoped_lock lock(mutex_);
                durable_.push_back(size);
                changed_.notify_all();
              },
          .halted =
              [this](const std::string& why) {
                const std::scoped_lock lock(mutex_);
                halted_ = why;
                changed_.notify_all();
              }};
}

void Told::wait_for(std::uint64_t durable_size) {
  const auto halted = wait_for_either(durable_size);
  ASSERT_FALSE(halted) << *halted;
}

std::optional<std::string> Told::wait_for_either(std::uint64_t durable_size) {
  std::unique_lock lock(mutex_);
  const auto reached = [&] {
    return halted_ || (!durable_.empty() && durable_.back() >= durable_size);
  };
  EXPECT_TRUE(changed_.wait_for(lock, 30s, reached)) << "nothing became durable for 30 s";
  return halted_;
}

std::string Told::wait_for_halt() {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, 30s, [&] { return halted_.has_value(); }));
  return halted_.value_or("");
}

std::vector<std::uint64_t> Told::durable_sizes() const {
  const std::scoped_lock lock(mutex_);
  return durable_;
}

std::unique_ptr<LogUnderTest> memory_log_under_test() {
  return std::make_unique<MemoryUnderTest>();
}

std::unique_ptr<LogUnderTest> rocks_log_under_test() { return std::make_unique<RocksUnderTest>(); }

std::unique_ptr<LogUnderTest> rocks_reader_under_test() {
  return std::make_unique<ReaderUnderTest>();
}

TemporaryFolder::TemporaryFolder()
    : path_((std::filesystem::temp_directory_path() / "ratchet-test-XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder " + path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Entry turn_entry(std::uint64_t run, std::uint32_t turn, std::string record) {
  Entry entry = plain_entry(std::move(record));
  entry.turn = RunTurn{run, turn};
  return entry;
}

Entry plain_entry(std::string record) {
  Entry entry;
  entry.record = std::move(record);
  return entry;
}

Fault fault_of(const std::function<void()>& action, std::string* what) {
  try {
    action();
  } catch (const Error& error) {
    if (what != nullptr) *what = error.what();
    return error.fault();
  }
  ADD_FAILURE() << "no store::Error was thrown";
  return Fault::io;
}

}  // namespace ratchet::store
