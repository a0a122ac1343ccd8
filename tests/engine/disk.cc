#include "tests/engine/disk.h"

#include <filesystem>
#include <utility>

#include "store/reads_passed_on.h"
#include "store/rocks_log.h"
#include "tests/store/faulty_files.h"
#include "tests/store/log_under_test.h"

namespace ratchet::engine::testing {

namespace {

class InMemory final : public Disk {
 public:
  explicit InMemory(std::shared_ptr<store::MemoryDisk> disk) : disk_(std::move(disk)) {}
  std::unique_ptr<store::Log> open(SimulatedHost& host) override {
    return std::make_unique<store::MemoryLog>(
        disk_, [&host](std::function<void()> task) { host.post(std::move(task)); });
  }
  std::unique_ptr<store::LogReader> read() override {
    return std::make_unique<store::MemoryLog>(disk_, [](const auto&) {});
  }
  std::shared_ptr<Disk> copy() override { return memory_disk_of(disk_->copy()); }
  void fail_next_append() override { disk_->fail_next_append(true); }

 private:
  std::shared_ptr<store::MemoryDisk> disk_;
};

// A real RocksLog whose durability is told by tasks of a simulated host: one task waits for all
// that was submitted before it ran, as MemoryLog's does.
class ToldByHost final : public store::ReadsPassedOn<store::Log> {
 public:
  ToldByHost(std::unique_ptr<store::Log> log, SimulatedHost& host)
      : host_(host), log_(std::move(log)), state_(std::make_shared<State>()) {
    log_->listen(told_.listener());
  }
  ~ToldByHost() override { state_->log = nullptr; }

  void listen(store::Listener listener) override { listener_ = std::move(listener); }
  std::uint64_t begin_epoch() override { return log_->begin_epoch(); }
  std::uint64_t submit(store::Entry entry) override {
    const std::uint64_t index = log_->submit(std::move(entry));
    state_->log = this;
    if (!std::exchange(state_->posted, true)) {
      host_.post([state = state_] {
        if (state->log != nullptr) state->log->tell();
      });
    }
    return index;
  }
  std::uint64_t next_index() const override { return log_->next_index(); }

 private:
  const store::LogReader& answering() const override { return *log_; }

  struct State {  // outlives the log in tasks already posted
    ToldByHost* log = nullptr;
    bool posted = false;
  };

  void tell() {
    state_->posted = false;
    const std::uint64_t size = log_->next_index();
    if (const auto why = told_.wait_for_either(size)) {
      listener_.halted(*why);
    } else {
      listener_.durable(size);
    }
  }

  SimulatedHost& host_;
  store::Told told_;
  std::unique_ptr<store::Log> log_;  // after told_: its writer tells until it is gone
  store::Listener listener_;
  std::shared_ptr<State> state_;
};

class OnRocks final : public Disk {
 public:
  // Without a folder: in one of its own, which goes with it.
  explicit OnRocks(std::string dir = {}) : dir_(std::move(dir)) {}
  std::unique_ptr<store::Log> open(SimulatedHost& host) override {
    files_.wal().heal();
    store::RocksOptions options;
    options.env = files_.env();
    return std::make_unique<ToldByHost>(store::open_rocks_log(path(), options), host);
  }
  std::unique_ptr<store::LogReader> read() override { return store::open_rocks_reader(path()); }
  std::shared_ptr<Disk> copy() override {
    auto copied = std::make_shared<OnRocks>();
    std::filesystem::copy(path(), copied->path(), std::filesystem::copy_options::recursive);
    return copied;
  }
  void fail_next_append() override {
    files_.wal().fail(store::WalFaults::At::append, rocksdb::IOStatus::IOError("planted"));
  }

 private:
  std::string path() const { return dir_.empty() ? folder_.path() + "/log" : dir_; }

  std::string dir_;
  store::TemporaryFolder folder_;
  store::FaultyFiles files_;
};

}  // namespace

std::shared_ptr<Disk> memory_disk() {
  return memory_disk_of(std::make_shared<store::MemoryDisk>());
}
std::shared_ptr<Disk> memory_disk_of(std::shared_ptr<store::MemoryDisk> disk) {
  return std::make_shared<InMemory>(std::move(disk));
}
std::shared_ptr<Disk> rocks_disk() { return std::make_shared<OnRocks>(); }
std::shared_ptr<Disk> rocks_disk_in(const std::string& dir) {
  return std::make_shared<OnRocks>(dir);
}

}  // namespace ratchet::engine::testing
