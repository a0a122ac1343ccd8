// How a log is read out of RocksDB, for the writer itself and for readers beside it. Private to
// store/.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <rocksdb/db.h>

#include "store/log.h"
#include "store/merkle.h"

namespace ratchet::store {

// The reads of store/log.h with the visible size as a parameter. Thread-safe.
class RocksView {
 public:
  RocksView(rocksdb::DB& db, std::string dir) : db_(db), dir_(std::move(dir)) {}

  const std::string& dir() const { return dir_; }

  // The stored head, or nothing in an empty database. Fault::not_a_log: a foreign database.
  std::optional<Head> stored_head() const;

  // Throws Fault::corrupt unless the records end where the head says and have its root.
  void check_head(const Head& head) const;
  // Throws Fault::corrupt if records are missing before those that are in no table yet.
  void check_tables_reach_memory() const;

  bool has_turn(RunTurn at) const;
  StoredHashes stored_hashes() const;

  std::optional<std::string> read(std::uint64_t index, std::uint64_t size) const;
  void scan(std::uint64_t first, std::uint64_t end,
            const std::function<bool(const Record&)>& visit) const;
  void scan_run(RunTurn first, std::uint64_t size,
                const std::function<bool(std::uint32_t turn, const Record&)>& visit) const;
  void scan_turns(std::uint64_t size,
                  const std::function<bool(RunTurn at, std::uint64_t index)>& visit) const;
  std::optional<std::string> blob(std::uint64_t run, const Hash& hash) const;
  std::optional<std::string> projection(std::string_view key) const;
  void scan_projections(
      std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const;
  Hash leaf(std::uint64_t index) const;

  // The keys from `begin` to before `end`, alone or with what is there.
  std::vector<std::string> keys(std::string_view begin, std::string_view end) const;
  std::map<std::string, std::string> content(std::string_view begin, std::string_view end) const;
  // The records of a run, by its turns.
  std::vector<std::uint64_t> records_of(std::uint64_t run) const;

 private:
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  bool get(std::string_view key, std::string& value) const;
  // What is read `once`, from end to end, would push out of the cache what is read again.
  enum class Reading { once, again };
  void visit_range(std::string_view begin, std::string_view end, Reading reading,
                   const Visit& visit) const;
  void check_pruned(std::uint64_t first, std::uint64_t end) const;
  void check_no_record_from(std::uint64_t size) const;

  rocksdb::DB& db_;
  std::string dir_;
};

// The reading half of a Log or LogReader. What is visible grows when the derived class shows more.
template <class Base>
class RocksReads : public Base {
 public:
  Head head() const final {
    const std::scoped_lock lock(head_mutex_);
    return head_;
  }
  std::optional<std::string> read(std::uint64_t index) const final {
    return view_.read(index, visible_);
  }
  void scan(std::uint64_t first, std::uint64_t end,
            const std::function<bool(const Record&)>& visit) const final {
    view_.scan(first, std::min<std::uint64_t>(end, visible_), visit);
  }
  void scan_run(std::uint64_t run, std::uint32_t first,
                const std::function<bool(std::uint32_t turn, const Record&)>& visit) const final {
    view_.scan_run({run, first}, visible_, visit);
  }
  void scan_turns(const std::function<bool(RunTurn at, std::uint64_t index)>& visit) const final {
    view_.scan_turns(visible_, visit);
  }
  std::optional<std::string> blob(std::uint64_t run, const Hash& hash) const final {
    return view_.blob(run, hash);
  }
  std::optional<std::string> projection(std::string_view key) const final {
    return view_.projection(key);
  }
  void scan_projections(
      std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const final {
    view_.scan_projections(prefix, visit);
  }
  Hash leaf(std::uint64_t index) const final {
    if (index >= visible_) throw_beyond(index, "leaf");
    return view_.leaf(index);
  }
  Hash subtree(unsigned level, std::uint64_t n) const final {
    if (!is_full_subtree(level, n, visible_)) throw_beyond(n, "subtree");
    return view_.stored_hashes()(level, n);
  }
  Hash root(std::uint64_t size) const final {
    if (size > visible_) throw_beyond(size, "root of size");
    return tree_root(size, view_.stored_hashes());
  }

 protected:
  RocksReads(std::unique_ptr<rocksdb::DB> db, const std::string& dir)
      : db_(std::move(db)), view_(*db_, dir) {}

  void show(Head head) {
    const std::scoped_lock lock(head_mutex_);
    visible_ = head.size;
    head_ = std::move(head);
  }

  rocksdb::DB& db() { return *db_; }
  const RocksView& view() const { return view_; }

 private:
  [[noreturn]] void throw_beyond(std::uint64_t number, const char* what) const {
    throw std::out_of_range("no " + std::string(what) + " " + std::to_string(number) +
                            " in a log of " + std::to_string(visible_) + " records");
  }

  std::unique_ptr<rocksdb::DB> db_;
  RocksView view_;
  mutable std::mutex head_mutex_;
  Head head_;
  std::atomic<std::uint64_t> visible_ = 0;  // head_.size, for the reads that need no more
};

}  // namespace ratchet::store
