#include "store/rocks_reads.h"

#include "store/keys.h"
#include "store/rocks_database.h"

namespace ratchet::store {
namespace {

std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

[[noreturn]] void damaged(const std::string& dir, const std::string& what) {
  throw Error(Fault::corrupt, "the log in " + dir + " is damaged: " + what +
                                  "; keep it as evidence and restore a backup");
}

std::string record_name(std::uint64_t index) { return "record " + std::to_string(index); }

}  // namespace

bool RocksView::get(std::string_view key, std::string& value) const {
  const rocksdb::Status status = db_.Get(read_options(), key, &value);
  if (status.IsNotFound()) return false;
  if (!status.ok()) check(status, "read key " + readable_key(key) + " of", dir_);
  return true;
}

void RocksView::visit_range(std::string_view begin, std::string_view end, Reading reading,
                            const Visit& visit) const {
  rocksdb::ReadOptions options = read_options();
  const rocksdb::Slice bound(end);
  options.iterate_upper_bound = &bound;
  options.fill_cache = reading == Reading::again;
  const std::unique_ptr<rocksdb::Iterator> at(db_.NewIterator(options));
  for (at->Seek(begin); at->Valid(); at->Next()) {
    if (!visit(view_of(at->key()), view_of(at->value()))) return;
  }
  check(at->status(), "read", dir_);
}

std::optional<Head> RocksView::stored_head() const {
  std::string value;
  if (get(head_key, value)) return decode_head(value);
  const std::unique_ptr<rocksdb::Iterator> any(db_.NewIterator(read_options()));
  any->SeekToFirst();
  check(any->status(), "read", dir_);
  if (!any->Valid()) return std::nullopt;
  throw Error(Fault::not_a_log, dir_ +
                                    " holds a RocksDB database that is no log: name an empty "
                                    "folder or that of a log");
}

void RocksView::check_no_record_from(std::uint64_t size) const {
  visit_range(record_key(size).view(), "M", Reading::once,
              [&](std::string_view key, std::string_view) -> bool {
                damaged(dir_, record_name(index_in_key(key)) +
                                  " is there, but the head says that the log has " +
                                  std::to_string(size) + " records");
              });
}

void RocksView::check_head(const Head& head) const {
  check_no_record_from(head.size);
  if (head.size != 0) leaf(head.size - 1);
  if (tree_root(head.size, stored_hashes()) != head.root) {
    damaged(dir_, "the records are not those that its head covers");
  }
}

// RocksDB takes a table that a reader beside a writer cannot open for one that it will see later,
// and a manifest that was cut for one that is being written. Both leave it an older state of the
// tables, and the whole write-ahead log, the head included.
void RocksView::check_tables_reach_memory() const {
  rocksdb::ReadOptions options = read_options();
  options.read_tier = rocksdb::kMemtableTier;
  const rocksdb::Slice bound("M");
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> at(db_.NewIterator(options));
  at->Seek(record_key(0).view());
  check(at->status(), "read", dir_);
  if (!at->Valid()) return;
  const std::uint64_t first = index_in_key(view_of(at->key()));
  if (first != 0) leaf(first - 1);
}

bool RocksView::has_turn(RunTurn at) const {
  std::string value;
  return get(turn_key(at).view(), value);
}

StoredHashes RocksView::stored_hashes() const {
  return [this](unsigned level, std::uint64_t n) {
    if (level == 0) return leaf(n);
    const Key key = subtree_key(level, n);
    std::string value;
    if (!get(key.view(), value))
      damaged(dir_, "subtree hash " + readable_key(key.view()) + " is missing");
    return decode_hash(value, key.view());
  };
}

Hash RocksView::leaf(std::uint64_t index) const {
  std::string value;
  if (get(record_key(index).view(), value)) return leaf_hash(value);
  const Key pruned = pruned_key(index);
  if (!get(pruned.view(), value)) damaged(dir_, record_name(index) + " is missing");
  return decode_hash(value, pruned.view());
}

std::vector<std::string> RocksView::keys(std::string_view begin, std::string_view end) const {
  std::vector<std::string> found;
  visit_range(begin, end, Reading::once, [&](std::string_view key, std::string_view) {
    found.emplace_back(key);
    return true;
  });
  return found;
}

std::map<std::string, std::string> RocksView::content(std::string_view begin,
                                                      std::string_view end) const {
  std::map<std::string, std::string> found;
  visit_range(begin, end, Reading::once, [&](std::string_view key, std::string_view value) {
    return found.emplace(key, value).second;
  });
  return found;
}

std::vector<std::uint64_t> RocksView::records_of(std::uint64_t run) const {
  std::vector<std::uint64_t> indexes;
  visit_range(turn_key({run, 0}).view(), turn_key({run + 1, 0}).view(), Reading::once,
              [&](std::string_view key, std::string_view value) {
                indexes.push_back(decode_index(value, key));
                return true;
              });
  return indexes;
}

std::optional<std::string> RocksView::read(std::uint64_t index, std::uint64_t size) const {
  if (index >= size) return std::nullopt;
  std::string bytes;
  if (get(record_key(index).view(), bytes)) return bytes;
  check_pruned(index, index + 1);
  return std::nullopt;
}

// Every record that a scan did not meet must have left its leaf hash.
void RocksView::check_pruned(std::uint64_t first, std::uint64_t end) const {
  if (first >= end) return;
  std::uint64_t expected = first;
  visit_range(pruned_key(first).view(), pruned_key(end).view(), Reading::once,
              [&](std::string_view key, std::string_view) {
                if (index_in_key(key) != expected) return false;
                ++expected;
                return true;
              });
  if (expected < end) damaged(dir_, record_name(expected) + " is missing");
}

void RocksView::scan(std::uint64_t first, std::uint64_t end,
                     const std::function<bool(const Record&)>& visit) const {
  if (first >= end) return;
  std::uint64_t expected = first;
  bool stopped = false;
  Record record;
  visit_range(record_key(first).view(), record_key(end).view(), Reading::once,
              [&](std::string_view key, std::string_view value) {
                record.index = index_in_key(key);
                check_pruned(expected, record.index);
                record.bytes = value;
                expected = record.index + 1;
                stopped = !visit(record);
                return !stopped;
              });
  if (!stopped) check_pruned(expected, end);
}

void RocksView::scan_run(
    RunTurn first, std::uint64_t size,
    const std::function<bool(std::uint32_t turn, const Record&)>& visit) const {
  std::uint32_t expected = first.turn;
  visit_range(turn_key(first).view(), turn_key({first.run + 1, 0}).view(), Reading::again,
              [&](std::string_view key, std::string_view value) {
                const std::uint32_t turn = turn_in_key(key).turn;
                const std::uint64_t index = decode_index(value, key);
                if (index >= size) return false;
                if (turn != expected++) {
                  damaged(dir_, "turn " + std::to_string(expected - 1) + " of run " +
                                    std::to_string(first.run) + " is missing");
                }
                std::optional<std::string> bytes = read(index, size);
                return !bytes || visit(turn, {index, std::move(*bytes)});
              });
}

void RocksView::scan_turns(
    std::uint64_t size, const std::function<bool(RunTurn at, std::uint64_t index)>& visit) const {
  const std::string begin(turn_prefix);
  visit_range(begin, end_of_prefix(begin), Reading::once,
              [&](std::string_view key, std::string_view value) {
                const std::uint64_t index = decode_index(value, key);
                return index >= size || visit(turn_in_key(key), index);
              });
}

std::optional<std::string> RocksView::blob(std::uint64_t run, const Hash& hash) const {
  const Key key = blob_key(run, hash);
  std::string bytes;
  if (!get(key.view(), bytes)) return std::nullopt;
  if (sha256(bytes) != hash) damaged(dir_, "blob " + readable_key(key.view()) + " has other bytes");
  return bytes;
}

std::optional<std::string> RocksView::projection(std::string_view key) const {
  std::string value;
  if (!get(projection_key(key), value)) return std::nullopt;
  return value;
}

void RocksView::scan_projections(
    std::string_view prefix,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  const std::string begin = projection_key(prefix);
  visit_range(begin, end_of_prefix(begin), Reading::once,
              [&](std::string_view key, std::string_view value) {
                return visit(key.substr(projection_prefix.size()), value);
              });
}

}  // namespace ratchet::store
