// The logs that the contract suite runs on, behind one face.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/log.h"

namespace ratchet::store {

// What a listener was told. Thread-safe.
class Told {
 public:
  Listener listener();
  void wait_for(std::uint64_t durable_size);  // fails the test after 30 s, or if the log halts
  std::string wait_for_halt();                // why
  // Waits for either; why, if the log halted first.
  std::optional<std::string> wait_for_either(std::uint64_t durable_size);
  std::vector<std::uint64_t> durable_sizes() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> durable_;
  std::optional<std::string> halted_;
};

// One place that keeps a log, and the log that is open on it.
class LogUnderTest {
 public:
  LogUnderTest() = default;
  LogUnderTest(const LogUnderTest&) = delete;
  LogUnderTest& operator=(const LogUnderTest&) = delete;
  virtual ~LogUnderTest() = default;

  // Another log on the same place.
  virtual std::unique_ptr<Log> open() = 0;

  // Lets the log work until `told` has heard of `size`.
  virtual void settle(Told& told, std::uint64_t size) = 0;
};

std::unique_ptr<LogUnderTest> memory_log_under_test();
std::unique_ptr<LogUnderTest> rocks_log_under_test();
// A RocksLog whose reads all go through a reader beside it.
std::unique_ptr<LogUnderTest> rocks_reader_under_test();

// A folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Entry turn_entry(std::uint64_t run, std::uint32_t turn, std::string record);
Entry plain_entry(std::string record);

// The fault of the store::Error that `action` must throw; its message goes to `what` if given.
Fault fault_of(const std::function<void()>& action, std::string* what = nullptr);

}  // namespace ratchet::store
