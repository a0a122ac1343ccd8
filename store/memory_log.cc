#include "store/memory_log.h"

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>

#include "store/turn_order.h"

namespace ratchet::store {
namespace {

constexpr std::size_t max_queued = 1 << 16;

}  // namespace

MemoryDisk::MemoryDisk(std::string log_id) {
  content_.head.log_id = std::move(log_id);
  content_.head.root = empty_root();
  content_.hashes.resize(1);
}

std::string MemoryDisk::random_log_id() {
  std::random_device random;
  std::string id;
  while (id.size() < 16) id += static_cast<char>(random() & 0xff);
  return id;
}

std::shared_ptr<MemoryDisk> MemoryDisk::copy() const {
  auto copy = std::make_shared<MemoryDisk>("");
  const std::scoped_lock lock(mutex_);
  copy->content_ = content_;
  return copy;
}

void MemoryDisk::fail_next_append(bool lands) {
  const std::scoped_lock lock(mutex_);
  fail_ = lands ? Fail::lands : Fail::lost;
}

bool MemoryDisk::append(std::vector<Entry>& group, std::uint64_t epoch) {
  const std::scoped_lock lock(mutex_);
  if (fail_ == Fail::lost) return false;
  for (Entry& entry : group) apply(entry);
  content_.head.size = content_.tree.size();
  content_.head.root = content_.tree.root();
  content_.head.epoch = epoch;
  return fail_ == Fail::no;
}

void MemoryDisk::apply(Entry& entry) {
  const Hash leaf = leaf_hash(entry.record);
  const std::uint64_t index = content_.tree.size();
  content_.hashes[0].push_back(leaf);
  content_.tree.append(leaf, [this](unsigned level, std::uint64_t, const Hash& hash) {
    if (level == content_.hashes.size()) content_.hashes.emplace_back();
    content_.hashes[level].push_back(hash);
  });
  content_.records.push_back(std::move(entry.record));
  if (entry.turn) content_.runs[entry.turn->run].push_back(index);
  for (Blob& blob : entry.blobs) {
    content_.blobs[{entry.turn->run, blob.hash}] = std::move(blob.bytes);
  }
  for (ProjectionWrite& write : entry.projections) {
    if (write.value) {
      content_.projections[write.key] = std::move(*write.value);
    } else {
      content_.projections.erase(write.key);
    }
  }
  if (entry.prunes) prune(entry.prunes->run);
}

void MemoryDisk::prune(std::uint64_t run) {
  for (const std::uint64_t index : content_.runs[run]) content_.records[index].reset();
  content_.runs.erase(run);
  std::erase_if(content_.blobs, [run](const auto& blob) { return blob.first.first == run; });
}

StoredHashes MemoryDisk::stored_hashes() const {
  return [this](unsigned level, std::uint64_t n) { return content_.hashes.at(level).at(n); };
}

// The writing side of one log. Tasks reach it only while the log lives.
struct MemoryLog::Writer {
  std::shared_ptr<MemoryDisk> disk;
  Post post;
  TurnOrder turns;
  Listener listener;
  std::vector<Entry> queue;
  std::uint64_t next_index = 0;
  std::uint64_t epoch = 0;
  bool posted = false;
  bool halted = false;
};

MemoryLog::MemoryLog(std::shared_ptr<MemoryDisk> disk, Post post) : disk_(std::move(disk)) {
  const std::scoped_lock lock(disk_->mutex_);
  if (disk_->has_writer_) {
    throw Error(Fault::locked, "the memory disk is open for writing: destroy its log first");
  }
  const auto stored = [disk = disk_.get()](RunTurn at) {
    const std::scoped_lock inner(disk->mutex_);
    const auto run = disk->content_.runs.find(at.run);
    return run != disk->content_.runs.end() && at.turn < run->second.size();
  };
  const Head& head = disk_->content_.head;
  writer_ = std::make_shared<Writer>(
      Writer{disk_, std::move(post), TurnOrder(stored, max_queued), {}, {}, head.size, head.epoch});
  disk_->fail_ = MemoryDisk::Fail::no;
  disk_->has_writer_ = true;
}

MemoryLog::~MemoryLog() {
  const std::scoped_lock lock(disk_->mutex_);
  disk_->has_writer_ = false;
}

Head MemoryLog::head() const {
  const std::scoped_lock lock(disk_->mutex_);
  return disk_->content_.head;
}

std::optional<std::string> MemoryLog::read(std::uint64_t index) const {
  const std::scoped_lock lock(disk_->mutex_);
  if (index >= disk_->content_.records.size()) return std::nullopt;
  return disk_->content_.records[index];
}

void MemoryLog::scan(std::uint64_t first, std::uint64_t end,
                     const std::function<bool(const Record&)>& visit) const {
  for (std::uint64_t index = first; index < std::min(end, head().size); ++index) {
    std::optional<std::string> bytes = read(index);
    if (bytes && !visit({index, std::move(*bytes)})) return;
  }
}

void MemoryLog::scan_run(
    std::uint64_t run, std::uint32_t first,
    const std::function<bool(std::uint32_t turn, const Record&)>& visit) const {
  std::vector<std::uint64_t> indexes;
  {
    const std::scoped_lock lock(disk_->mutex_);
    const auto found = disk_->content_.runs.find(run);
    if (found != disk_->content_.runs.end()) indexes = found->second;
  }
  for (std::uint32_t turn = first; turn < indexes.size(); ++turn) {
    if (!visit(turn, {indexes[turn], *read(indexes[turn])})) return;
  }
}

void MemoryLog::scan_turns(
    const std::function<bool(RunTurn at, std::uint64_t index)>& visit) const {
  std::map<std::uint64_t, std::vector<std::uint64_t>> runs;
  {
    const std::scoped_lock lock(disk_->mutex_);
    runs.insert(disk_->content_.runs.begin(), disk_->content_.runs.end());
  }
  for (const auto& [run, indexes] : runs) {
    for (std::uint32_t turn = 0; turn < indexes.size(); ++turn) {
      if (!visit({run, turn}, indexes[turn])) return;
    }
  }
}

std::optional<std::string> MemoryLog::blob(std::uint64_t run, const Hash& hash) const {
  const std::scoped_lock lock(disk_->mutex_);
  const auto found = disk_->content_.blobs.find({run, hash});
  if (found == disk_->content_.blobs.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string> MemoryLog::projection(std::string_view key) const {
  const std::scoped_lock lock(disk_->mutex_);
  const auto found = disk_->content_.projections.find(key);
  if (found == disk_->content_.projections.end()) return std::nullopt;
  return found->second;
}

void MemoryLog::scan_projections(
    std::string_view prefix,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  std::vector<std::pair<std::string, std::string>> found;
  {
    const std::scoped_lock lock(disk_->mutex_);
    const auto& all = disk_->content_.projections;
    for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix);
         ++at) {
      found.emplace_back(*at);
    }
  }
  for (const auto& [key, value] : found) {
    if (!visit(key, value)) return;
  }
}

Hash MemoryLog::leaf(std::uint64_t index) const {
  const std::scoped_lock lock(disk_->mutex_);
  return disk_->content_.hashes[0].at(index);
}

Hash MemoryLog::subtree(unsigned level, std::uint64_t n) const {
  const std::scoped_lock lock(disk_->mutex_);
  return disk_->content_.hashes.at(level).at(n);
}

Hash MemoryLog::root(std::uint64_t size) const {
  const std::scoped_lock lock(disk_->mutex_);
  if (size > disk_->content_.head.size) {
    throw std::out_of_range("no root of size " + std::to_string(size) + " in a log of " +
                            std::to_string(disk_->content_.head.size) + " records");
  }
  return tree_root(size, disk_->stored_hashes());
}

void MemoryLog::listen(Listener listener) { writer_->listener = std::move(listener); }

std::uint64_t MemoryLog::begin_epoch() { return ++writer_->epoch; }

std::uint64_t MemoryLog::next_index() const { return writer_->next_index; }

std::uint64_t MemoryLog::submit(Entry entry) {
  Writer& writer = *writer_;
  if (writer.halted) {
    throw Error(Fault::halted, "an earlier append failed: restart the process to go on");
  }
  check_limits(entry);
  if (writer.queue.size() >= max_queued) {
    throw Error(Fault::io, std::to_string(max_queued) +
                               " entries wait to be written: run the tasks that the log posts");
  }
  writer.turns.admit(entry, writer.next_index);
  writer.queue.push_back(std::move(entry));
  if (!writer.posted) {
    writer.posted = true;
    writer.post([weak = std::weak_ptr(writer_)] {
      if (const auto alive = weak.lock()) complete_group(*alive);
    });
  }
  return writer.next_index++;
}

void MemoryLog::complete_group(Writer& writer) {
  writer.posted = false;
  std::vector<Entry> group = std::exchange(writer.queue, {});
  const bool ok = writer.disk->append(group, writer.epoch);
  const Listener listener = writer.listener;  // it may destroy the log or be replaced by itself
  if (ok) {
    if (listener.durable) listener.durable(writer.disk->content_.tree.size());
    return;
  }
  writer.halted = true;
  if (listener.halted) listener.halted("the memory disk was told to fail this append");
}

}  // namespace ratchet::store
