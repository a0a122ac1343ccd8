#include <cstdlib>
#include <filesystem>
#include <thread>

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

// The writer may delete a file between the moment when a reader hears of it and the moment when it
// opens it; what is still missing after some attempts is really missing.
template <class Action>
auto with_patience(const Action& action) {
  for (int attempt = 1;; ++attempt) {
    try {
      return action();
    } catch (const Error&) {
      if (attempt == 5) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

// Keeps the scratch folder until the database, which is in a base behind it, is closed.
struct KeepsScratch {
  Scratch scratch;
};

class RocksReader final : KeepsScratch, public RocksReads<LogReader> {
 public:
  explicit RocksReader(const std::string& dir)
      : RocksReads<LogReader>(with_patience([&] { return open_secondary(dir, scratch.path()); }),
                              dir) {
    refresh();
  }

  void refresh() override {
    with_patience([this] { catch_up(); });
  }

 private:
  void catch_up();
  Head visible_part(Head stored, const Page& page) const;
};

void RocksReader::catch_up() {
  // The page first: all that it covers is then in the files. They may hold more, not yet synced.
  const std::optional<Page> page = Page::open_to_read(view().dir());
  const std::uint64_t durable = page ? page->durable_size() : 0;
  check(db().TryCatchUpWithPrimary(), "follow", view().dir());
  const std::optional<Head> stored = view().stored_head();
  if (!stored) {
    throw Error(Fault::not_a_log, "the log in " + view().dir() +
                                      " is empty: it was just being "
                                      "made, or lost its write-ahead log");
  }
  if (page && durable > stored->size) {
    throw Error(Fault::corrupt, "the log in " + view().dir() + " shows " +
                                    std::to_string(stored->size) + " records, but " +
                                    std::to_string(durable) +
                                    " were durable: it lost its tail, or was copied while it was "
                                    "written; take the copy again");
  }
  show(page ? visible_part(*stored, *page) : *stored);
}

Head RocksReader::visible_part(Head stored, const Page& page) const {
  const std::uint64_t durable = page.durable_size();
  if (durable < stored.size) {
    stored.size = durable;
    stored.root = tree_root(durable, view().stored_hashes());
  }
  return stored;
}

}  // namespace

std::unique_ptr<LogReader> open_rocks_reader(const std::string& dir) {
  if (std::error_code ignored; !fs::exists(dir + "/CURRENT", ignored)) {
    throw Error(Fault::not_a_log,
                "there is no log in " + dir + ": name the folder that a daemon writes, or a copy");
  }
  return std::make_unique<RocksReader>(dir);
}

}  // namespace ratchet::store
