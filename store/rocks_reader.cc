#include <cstdlib>
#include <filesystem>

#include "store/page.h"
#include "store/rocks_database.h"
#include "store/rocks_log.h"
#include "store/rocks_reads.h"

namespace ratchet::store {
namespace {

namespace fs = std::filesystem;

// Where RocksDB keeps what a reader writes: its own log file.
class Scratch {
 public:
  Scratch() : path_((fs::temp_directory_path() / "ratchet-reader-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) {
      throw Error(Fault::io, "cannot create a folder like " + path_ +
                                 ": make it writable or set TMPDIR to one that is");
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Keeps the scratch folder until the database, which is in a base behind it, is closed.
struct KeepsScratch {
  Scratch scratch;
};

// With a page there may be a writer, and RocksDB's secondary can follow it; that one takes a
// missing file for one that it will see later and shows an older state, which the page exposes.
// Without a page it is a copy, which RocksDB reads strictly.
class RocksReader final : KeepsScratch, public RocksReads<LogReader> {
 public:
  RocksReader(const std::string& dir, bool has_page)
      : RocksReads<LogReader>(with_patience([&] {
                                return has_page ? open_secondary(dir, scratch.path())
                                                : open_copy(dir, scratch.path());
                              }),
                              dir),
        has_page_(has_page) {
    refresh();
  }

  void refresh() override {
    with_patience([this] { catch_up(); });
  }

 private:
  void catch_up();
  Head part_on_page(const Head& stored, std::uint64_t durable) const;
  [[noreturn]] void throw_lost(std::uint64_t size, std::uint64_t durable) const;

  const bool has_page_;
};

void RocksReader::catch_up() {
  // The page first: all that it covers is then in the files. They may hold more, not yet synced.
  const std::optional<Page> page =
      has_page_ ? Page::open_to_read(view().dir()) : std::optional<Page>();
  const std::uint64_t durable = page ? page->durable_size() : 0;
  if (has_page_) check(db().TryCatchUpWithPrimary(), "follow", view().dir());
  const std::optional<Head> stored = view().stored_head();
  if (page && (!stored || stored->size < durable)) throw_lost(stored ? stored->size : 0, durable);
  if (!stored) {
    throw Error(Fault::not_a_log, "the log in " + view().dir() +
                                      " has no head: copy the log again, with all its files");
  }
  view().check_tables_reach_memory();
  show(page ? part_on_page(*stored, page->durable_size()) : *stored);
}

void RocksReader::throw_lost(std::uint64_t size, std::uint64_t durable) const {
  throw Error(Fault::corrupt, "the log in " + view().dir() + " shows " + std::to_string(size) +
                                  " records, but " + std::to_string(durable) +
                                  " were durable: it lost files, or was copied while it was "
                                  "written; take the copy again, or restore a backup");
}

Head RocksReader::part_on_page(const Head& stored, std::uint64_t durable) const {
  if (durable >= stored.size) return stored;
  Head part = stored;
  part.size = durable;
  part.root = tree_root(durable, view().stored_hashes());
  return part;
}

}  // namespace

std::unique_ptr<LogReader> open_rocks_reader(const std::string& dir) {
  if (std::error_code ignored; !fs::exists(dir + "/CURRENT", ignored)) {
    throw Error(Fault::not_a_log,
                "there is no log in " + dir + ": name the folder that a daemon writes, or a copy");
  }
  return std::make_unique<RocksReader>(dir, Page::open_to_read(dir).has_value());
}

}  // namespace ratchet::store
