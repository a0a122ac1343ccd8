#include "store/rocks_care.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include "store/keys.h"
#include "store/merkle.h"
#include "store/page.h"
#include "store/rocks_check.h"
#include "store/rocks_database.h"
#include "store/rocks_reads.h"

namespace ratchet::store {

namespace {

namespace fs = std::filesystem;

void require_log(const std::string& dir) {
  if (std::error_code ignored; fs::exists(dir + "/CURRENT", ignored)) return;
  throw Error(Fault::not_a_log, "there is no log in " + dir);
}

// RocksDB syncs what it writes itself, never a file that it finds.
void copy_file(const std::string& from, const std::string& to, rocksdb::Env& env) {
  rocksdb::EnvOptions options;
  options.use_mmap_writes = false;
  std::unique_ptr<rocksdb::SequentialFile> in;
  std::unique_ptr<rocksdb::WritableFile> out;
  check(env.NewSequentialFile(from, &in, options), "copy", from);
  check(env.NewWritableFile(to, &out, options), "copy", to);
  std::string buffer(std::size_t{1} << 20, '\0');
  rocksdb::Slice piece;
  do {
    check(in->Read(buffer.size(), &piece, buffer.data()), "copy", from);
    check(out->Append(piece), "copy", to);
  } while (!piece.empty());
  check(out->Sync(), "copy", to);
  check(out->Close(), "copy", to);
}

void copy_database(const std::string& from, const std::string& to, rocksdb::Env& env) {
  fs::create_directories(to);
  make_durable(to, env);
  for (const fs::directory_entry& file : fs::directory_iterator(from)) {
    const std::string name = file.path().filename().string();
    const bool skip = name == Page::file_name || name.starts_with("LO") || !file.is_regular_file();
    if (!skip) copy_file(file.path().string(), (fs::path(to) / name).string(), env);
  }
}

std::unique_ptr<rocksdb::DB> open_up_to_damage(const std::string& dir, rocksdb::Env& env) {
  rocksdb::Options options = database_options(&env);
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.track_and_verify_wals_in_manifest = false;
  rocksdb::DB* opened = nullptr;
  check(rocksdb::DB::Open(options, dir, &opened), "salvage", dir);
  return std::unique_ptr<rocksdb::DB>(opened);
}

// Walks over all leaves. Throws Fault::corrupt unless they have the head's root; `completed` gets
// the subtree hashes, `reached` each size with its tree.
template <class Completed, class Reached>
void walk(const RocksView& view, const Head& head, const Completed& completed,
          const Reached& reached) {
  Tree tree;
  reached(tree);
  while (tree.size() < head.size) {
    tree.append(view.leaf(tree.size()), completed);
    reached(tree);
  }
  if (tree.root() == head.root) return;
  throw Error(Fault::corrupt, "the records in " + view.dir() +
                                  " are not those that its head covers: one was changed; restore "
                                  "a backup");
}

Head accept(rocksdb::DB& db, const std::string& dir, const Head& anchor) {
  const RocksView view(db, dir);
  const std::optional<Head> head = view.stored_head();
  if (!head || head->log_id != anchor.log_id || head->size < anchor.size) {
    throw Error(Fault::corrupt, "what can be read has " + std::to_string(head ? head->size : 0) +
                                    " records, the anchor says that " +
                                    std::to_string(anchor.size) +
                                    " of its log were durable: restore the newest backup");
  }
  const auto ignore = [](unsigned, std::uint64_t, const Hash&) {};
  walk(view, *head, ignore, [&](const Tree& tree) {
    if (tree.size() != anchor.size || tree.root() == anchor.root) return;
    throw Error(Fault::corrupt, "the first " + std::to_string(anchor.size) +
                                    " records are not those that the anchor covers: restore a "
                                    "backup");
  });
  view.check_head(*head);
  return *head;
}

}  // namespace

Salvaged salvage_rocks_log(const std::string& from, const std::string& to, const Head& anchor,
                           rocksdb::Env* env) {
  require_log(from);
  rocksdb::Env& files = env != nullptr ? *env : *rocksdb::Env::Default();
  if (fs::exists(to)) throw Error(Fault::io, to + " exists: name a folder that does not");
  Salvaged salvaged;
  if (const auto page = Page::open_to_read(from)) salvaged.durable = page->durable_size();
  const FolderLock lock(from, *rocksdb::Env::Default());
  try {
    copy_database(from, to, files);
    const auto db = open_up_to_damage(to, files);
    salvaged.head = accept(*db, to, anchor);
    check(db->Flush({}), "salvage", to);
    return salvaged;
  } catch (const fs::filesystem_error& error) {
    fs::remove_all(to);
    throw Error(Fault::io, std::string("cannot copy the log: ") + error.what());
  } catch (...) {
    fs::remove_all(to);
    throw;
  }
}

namespace {

// Shows a log whose derived data may be damaged.
class Records final : public RocksReads<LogReader> {
 public:
  explicit Records(const std::string& dir)
      : RocksReads(open_database(dir, nullptr, nothing_is_missing(dir)), dir) {
    const std::optional<Head> head = view().stored_head();
    if (!head) throw Error(Fault::not_a_log, "the log in " + dir + " has no head");
    show(*head);
  }
  using RocksReads::db;
  using RocksReads::view;
};

using Content = std::map<std::string, std::string>;

// Makes the keys from `begin` to before `end` what is wanted. Returns how many were not.
std::size_t replace(const RocksView& view, std::string_view begin, std::string_view end,
                    const Content& wanted, rocksdb::WriteBatch& batch) {
  const Content stored = view.content(begin, end);
  std::size_t wrong = 0;
  for (const auto& [key, value] : stored) {
    if (wanted.contains(key)) continue;
    check(batch.Delete(key), "rebuild", view.dir());
    ++wrong;
  }
  for (const auto& [key, value] : wanted) {
    const auto it = stored.find(key);
    if (it != stored.end() && it->second == value) continue;
    check(batch.Put(key, value), "rebuild", view.dir());
    ++wrong;
  }
  return wrong;
}

}  // namespace

Rebuilt rebuild_rocks_log(const std::string& dir, const Derive& derive, bool write,
                          const Hashed& hashed) {
  require_log(dir);
  Records log(dir);
  const std::uint64_t size = log.head().size;
  Content hashes;
  walk(
      log.view(), log.head(),
      [&](unsigned level, std::uint64_t n, const Hash& hash) {
        hashes.emplace(subtree_key(level, n).view(), hash_view(hash));
      },
      [&](const Tree& tree) {
        if (hashed) hashed(tree.size(), size);
      });
  Content projections;
  for (auto& [key, value] : derive(log)) projections.emplace(projection_key(key), value);
  rocksdb::WriteBatch batch;
  const Rebuilt wrong{replace(log.view(), "P", "Q", projections, batch),
                      replace(log.view(), "T", "U", hashes, batch)};
  if (write) check(log.db().Write(write_options(), &batch), "rebuild", dir);
  return wrong;
}

}  // namespace ratchet::store
