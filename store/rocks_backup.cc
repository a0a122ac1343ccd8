#include "store/rocks_backup.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "store/keys.h"
#include "store/page.h"
#include "store/rocks_check.h"
#include "store/rocks_database.h"
#include "store/rocks_reads.h"

namespace ratchet::store {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t batch_bytes = std::size_t{1} << 20;

// Removes what was begun, unless it was finished.
class Begun {
 public:
  explicit Begun(std::string dir) : dir_(std::move(dir)) {}
  Begun(const Begun&) = delete;
  Begun& operator=(const Begun&) = delete;
  ~Begun() {
    std::error_code ignored;
    if (!dir_.empty()) fs::remove_all(dir_, ignored);
  }
  void finished() { dir_.clear(); }

 private:
  std::string dir_;
};

// The database as it is read beside its writer; what it shows stays the same until it catches up.
class Source {
 public:
  Source(const std::string& dir, std::chrono::milliseconds patience)
      : dir_(dir),
        scratch_(make_scratch()),
        removes_scratch_(scratch_),
        page_(Page::open_to_read(dir)),
        db_(with_patience(
            [&] { return page_ ? open_secondary(dir, scratch_) : open_copy(dir, scratch_); })) {
    // The page first: all that it covers is then in the files.
    const std::uint64_t durable = page_ ? page_->durable_size() : 0;
    if (page_) {
      with_patience([&] { check(db_->TryCatchUpWithPrimary(), "follow", dir); });
    }
    const std::optional<Head> head = RocksView(*db_, dir).stored_head();
    if (!head) throw Error(Fault::not_a_log, "the log in " + dir + " has no head");
    head_ = *head;
    if (head_.size < durable) throw_lost(durable);
    if (page_) await_durable(patience);
  }

  rocksdb::DB& db() { return *db_; }
  const Head& head() const { return head_; }

 private:
  static std::string make_scratch() {
    std::string path = (fs::temp_directory_path() / "ratchet-backup-XXXXXX").string();
    if (mkdtemp(path.data()) != nullptr) return path;
    throw Error(Fault::io, "cannot create a folder like " + path +
                               ": make it writable or set TMPDIR to one that is");
  }

  [[noreturn]] void throw_lost(std::uint64_t durable) const {
    throw Error(Fault::corrupt, "the log in " + dir_ + " shows " + std::to_string(head_.size) +
                                    " records, but " + std::to_string(durable) +
                                    " were durable: it lost files; keep it as evidence");
  }

  // All that was read is then durable: the projections too, which are of the same groups.
  void await_durable(std::chrono::milliseconds patience) const {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (page_->durable_size() < head_.size) {
      if (std::chrono::steady_clock::now() >= give_up) {
        throw Error(Fault::io,
                    "the log in " + dir_ + " holds " + std::to_string(head_.size) +
                        " records, of which " + std::to_string(page_->durable_size()) +
                        " are durable, and nobody writes the others: start the daemon, which "
                        "settles what counts, then try again");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }

  std::string dir_;
  std::string scratch_;
  Begun removes_scratch_;
  std::optional<Page> page_;
  std::unique_ptr<rocksdb::DB> db_;
  Head head_;
};

void write(rocksdb::DB& db, rocksdb::WriteBatch& batch, const std::string& dir, bool sync) {
  rocksdb::WriteOptions options = write_options();
  options.sync = sync;
  check(db.Write(options, &batch), "write", dir);
  batch.Clear();
}

// The head goes last: without it the folder is no log.
void copy(rocksdb::DB& from, const std::string& from_dir, rocksdb::DB& to,
          const std::string& to_dir) {
  rocksdb::ReadOptions options = read_options();
  options.fill_cache = false;
  rocksdb::WriteBatch batch;
  std::string head;
  const std::unique_ptr<rocksdb::Iterator> at(from.NewIterator(options));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (at->key() == rocksdb::Slice(head_key)) {
      head = at->value().ToString();
      continue;
    }
    check(batch.Put(at->key(), at->value()), "write", to_dir);
    if (batch.GetDataSize() >= batch_bytes) write(to, batch, to_dir, false);
  }
  check(at->status(), "read", from_dir);
  check(batch.Put(head_key, head), "write", to_dir);
  write(to, batch, to_dir, true);
  check(to.Flush({}), "write", to_dir);
}

}  // namespace

Head back_up_rocks_log(const std::string& from, const std::string& to,
                       std::chrono::milliseconds patience) {
  std::error_code ignored;
  if (!fs::exists(from + "/CURRENT", ignored)) {
    throw Error(Fault::not_a_log,
                "there is no log in " + from + ": name the folder that a daemon writes, or a copy");
  }
  if (fs::exists(to, ignored)) {
    throw Error(Fault::io, to + " exists: name a folder that does not");
  }
  Source source(from, patience);
  Begun begun(to);
  const auto db = open_database(to, nullptr, is_whole(to));
  copy(source.db(), from, *db, to);
  const RocksView made(*db, to);
  const std::optional<Head> head = made.stored_head();
  if (!head || *head != source.head()) {
    throw Error(Fault::corrupt, "the copy of the log in " + from + " is not what was read");
  }
  made.check_head(*head);
  begun.finished();
  return *head;
}

}  // namespace ratchet::store
