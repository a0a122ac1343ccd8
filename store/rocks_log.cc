#include "store/rocks_log.h"

#include <condition_variable>
#include <exception>
#include <thread>

#include <openssl/rand.h>
#include <rocksdb/write_batch.h>

#include "store/keys.h"
#include "store/page.h"
#include "store/rocks_check.h"
#include "store/rocks_database.h"
#include "store/rocks_reads.h"
#include "store/turn_order.h"

namespace ratchet::store {
namespace {

std::size_t bytes_of(const Entry& entry) {
  std::size_t bytes = entry.record.size();
  for (const Blob& blob : entry.blobs) bytes += blob.bytes.size();
  for (const ProjectionWrite& write : entry.projections) {
    bytes += write.key.size() + (write.value ? write.value->size() : 0);
  }
  return bytes;
}

class RocksLog final : public RocksReads<Log> {
 public:
  RocksLog(std::unique_ptr<rocksdb::DB> database, const std::string& dir,
           const RocksOptions& options);
  ~RocksLog() override;

  void listen(Listener listener) override;
  std::uint64_t begin_epoch() override { return ++written_.epoch; }
  std::uint64_t submit(Entry entry) override;
  std::uint64_t next_index() const override { return next_index_; }

 private:
  void load_head();
  void make_head();
  bool has_room(std::size_t bytes) const;
  void wait_for_room(std::size_t bytes);
  [[noreturn]] void throw_halted(const std::string& why) const;
  void write();
  bool take_group();
  void write_group();
  void add(const Entry& entry);
  void prune(std::uint64_t run);
  void halt(const std::string& why);

  const RocksOptions options_;
  const rocksdb::WriteOptions write_options_ = write_options();
  std::optional<Page> page_;

  // The submitting thread's.
  TurnOrder turns_;
  std::atomic<std::uint64_t> next_index_ = 0;

  // The queue between the two.
  std::mutex mutex_;
  std::condition_variable wake_writer_;
  std::condition_variable wake_submitter_;
  std::vector<Entry> queue_;
  std::size_t queued_bytes_ = 0;
  bool stop_ = false;
  bool halted_ = false;
  std::string why_halted_;

  // The writer thread's. written_ is the head of the last group; its epoch is set before the first.
  Head written_;
  Tree tree_;
  std::vector<Entry> group_;
  rocksdb::WriteBatch batch_;

  std::mutex listener_mutex_;
  Listener listener_;
  std::thread writer_;
};

RocksLog::RocksLog(std::unique_ptr<rocksdb::DB> database, const std::string& dir,
                   const RocksOptions& options)
    : RocksReads<Log>(std::move(database), dir),
      options_(options),
      // As many as are being written may be queued behind them.
      turns_([this](RunTurn at) { return view().has_turn(at); }, 2 * options.max_queued_entries) {
  load_head();
  page_.emplace(Page::open_or_create(dir, written_.log_id, written_.size));
  page_->publish(written_.size);
  tree_ = Tree(written_.size, view().stored_hashes());
  next_index_ = written_.size;
  show(written_);
  writer_ = std::thread([this] { write(); });
}

RocksLog::~RocksLog() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
    wake_writer_.notify_one();
  }
  writer_.join();
  if (halted_ || !options_.flush_at_close) return;
  // If this fails, everything is still in the write-ahead log.
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;
  db().Flush(options).PermitUncheckedError();
}

void RocksLog::load_head() {
  if (const std::optional<Head> stored = durable_head(view())) {
    written_ = *stored;
    view().check_head(written_);
  } else {
    make_head();
  }
}

void RocksLog::make_head() {
  written_.log_id.resize(log_id_bytes);
  written_.root = empty_root();
  if (RAND_bytes(reinterpret_cast<unsigned char*>(written_.log_id.data()), log_id_bytes) != 1) {
    throw Error(Fault::io, "the system gives no random bytes for the name of the log");
  }
  check(db().Put(write_options_, head_key, encode_head(written_)), "create", view().dir());
}

void RocksLog::listen(Listener listener) {
  const std::scoped_lock lock(listener_mutex_);
  listener_ = std::move(listener);
}

bool RocksLog::has_room(std::size_t bytes) const {
  return queue_.empty() || (queue_.size() < options_.max_queued_entries &&
                            queued_bytes_ + bytes <= options_.max_queued_bytes);
}

void RocksLog::wait_for_room(std::size_t bytes) {
  std::unique_lock lock(mutex_);
  const auto done = [&] { return has_room(bytes) || halted_; };
  if (wake_submitter_.wait_for(lock, options_.submit_deadline, done)) return;
  throw Error(Fault::io, "the disk of the log in " + view().dir() + " has finished no write for " +
                             std::to_string(options_.submit_deadline.count()) +
                             " s: check the volume");
}

void RocksLog::throw_halted(const std::string& why) const {
  throw Error(Fault::halted, "the log in " + view().dir() + " takes no more: " + why +
                                 ": restart the process once the cause is gone");
}

std::uint64_t RocksLog::submit(Entry entry) {
  check_limits(entry);
  const std::size_t bytes = bytes_of(entry);
  wait_for_room(bytes);
  turns_.admit(entry, next_index_);
  const std::scoped_lock lock(mutex_);
  if (halted_) throw_halted(why_halted_);
  queue_.push_back(std::move(entry));
  queued_bytes_ += bytes;
  wake_writer_.notify_one();
  return next_index_++;
}

void RocksLog::write() {
  count_nothing();
  try {
    while (take_group()) write_group();
  } catch (const std::exception& error) {
    halt(error.what());
  }
}

// Waits for work without a deadline: none may come for days. False: the log is being destroyed.
bool RocksLog::take_group() {
  std::unique_lock lock(mutex_);
  wake_writer_.wait(lock, [this] { return !queue_.empty() || stop_; });
  if (queue_.empty()) return false;
  group_.swap(queue_);
  queued_bytes_ = 0;
  wake_submitter_.notify_all();
  return true;
}

void RocksLog::write_group() {
  batch_.Clear();
  for (const Entry& entry : group_) add(entry);
  written_.size = tree_.size();
  written_.root = tree_.root();
  check(batch_.Put(head_key, encode_head(written_)), "write", view().dir());
  check(db().Write(write_options_, &batch_), "write", view().dir());
  page_->publish(written_.size);
  show(written_);
  group_.clear();
  const std::scoped_lock lock(listener_mutex_);
  if (listener_.durable) listener_.durable(written_.size);
}

void RocksLog::add(const Entry& entry) {
  const auto put = [this](std::string_view key, std::string_view value) {
    check(batch_.Put(key, value), "write", view().dir());
  };
  const std::uint64_t index = tree_.size();
  put(record_key(index).view(), entry.record);
  tree_.append(leaf_hash(entry.record), [&](unsigned level, std::uint64_t n, const Hash& hash) {
    put(subtree_key(level, n).view(), hash_view(hash));
  });
  if (entry.turn) put(turn_key(*entry.turn).view(), Key().add_number(index).view());
  for (const Blob& blob : entry.blobs) put(blob_key(entry.turn->run, blob.hash).view(), blob.bytes);
  for (const ProjectionWrite& write : entry.projections) {
    const std::string key = projection_key(write.key);
    if (write.value) {
      put(key, *write.value);
    } else {
      check(batch_.Delete(key), "write", view().dir());
    }
  }
  if (entry.prunes) prune(entry.prunes->run);
}

// The run's turns are durable, and so none of them is in this batch.
void RocksLog::prune(std::uint64_t run) {
  const auto erase = [this](std::string_view key) {
    check(batch_.Delete(key), "prune", view().dir());
  };
  for (const std::uint64_t index : view().records_of(run)) {
    const Hash leaf = view().leaf(index);
    check(batch_.Put(pruned_key(index).view(), hash_view(leaf)), "prune", view().dir());
    erase(record_key(index).view());
  }
  for (const std::string& key :
       view().keys(turn_key({run, 0}).view(), turn_key({run + 1, 0}).view())) {
    erase(key);
  }
  for (const std::string& key :
       view().keys(blob_key(run, {}).view(), blob_key(run + 1, {}).view())) {
    erase(key);
  }
}

// RocksDB would heal itself after some errors and go on, with a hole where the failed group was.
void RocksLog::halt(const std::string& why) {
  {
    const std::scoped_lock lock(mutex_);
    halted_ = true;
    why_halted_ = why;
    queue_.clear();
    wake_submitter_.notify_all();
  }
  const std::scoped_lock lock(listener_mutex_);
  if (listener_.halted) listener_.halted(why);
}

}  // namespace

std::unique_ptr<Log> open_rocks_log(const std::string& dir, const RocksOptions& options) {
  return std::make_unique<RocksLog>(open_database(dir, options.env, is_whole(dir)), dir, options);
}

}  // namespace ratchet::store
