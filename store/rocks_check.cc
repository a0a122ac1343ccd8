#include "store/rocks_check.h"

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>

#include "store/keys.h"
#include "store/page.h"

namespace ratchet::store {
namespace {

[[noreturn]] void throw_lost_tail(const std::string& dir, std::uint64_t size, const Page& page) {
  throw Error(Fault::corrupt, "the log in " + dir + " has " + std::to_string(size) +
                                  " records, but " + std::to_string(page.durable_size()) +
                                  " were durable: it lost its tail; restore the newest backup, "
                                  "or accept the loss by `ratchetctl repair`");
}

[[noreturn]] void throw_older_manifest(const std::string& dir, std::uint64_t size,
                                       const std::string& table) {
  throw Error(Fault::corrupt,
              "the log in " + dir + " has " + std::to_string(size) + " records, but its file " +
                  table +
                  ", which the manifest does not name, has later ones: the manifest is "
                  "older than the tables; put back the newest one, or restore a backup");
}

// The tables in the folder that the manifest does not name.
std::vector<std::string> unknown_tables(rocksdb::DB& db, const std::string& dir) {
  std::vector<rocksdb::LiveFileMetaData> live;
  db.GetLiveFilesMetaData(&live);
  std::set<std::string> known;
  for (const rocksdb::LiveFileMetaData& table : live) known.insert(table.relative_filename);
  std::vector<std::string> files;
  check(db.GetEnv()->GetChildren(dir, &files), "read", dir);
  std::erase_if(files, [&](const std::string& file) {
    return !file.ends_with(".sst") || known.contains(file);
  });
  return files;
}

// A table that was being written when the process died cannot be read, and need not be: what was to
// be in it is still elsewhere.
bool has_records_from(const rocksdb::Options& options, const std::string& dir,
                      const std::string& table, std::uint64_t size) {
  rocksdb::SstFileReader reader(options);
  const rocksdb::Status opened = reader.Open(dir + "/" + table);
  if (opened.IsCorruption()) return false;
  check(opened, "read " + table + " of", dir);
  rocksdb::ReadOptions reading = read_options();
  const rocksdb::Slice bound("M");
  reading.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator(reading));
  at->Seek(record_key(size).view());
  if (at->Valid()) return true;
  if (!at->status().IsCorruption()) check(at->status(), "read " + table + " of", dir);
  return false;
}

// A crash leaves such tables, too: of a flush or a compaction that was not finished, or whose input
// was not yet deleted. The records in those are all in the log.
void check_unknown_tables(rocksdb::DB& db, const std::string& dir, std::uint64_t size) {
  const rocksdb::Options options = db.GetOptions();
  for (const std::string& table : unknown_tables(db, dir)) {
    if (has_records_from(options, dir, table, size)) throw_older_manifest(dir, size, table);
  }
}

// Returns the head, if the database has one.
std::optional<Head> check_nothing_is_missing(rocksdb::DB& db, const RocksView& view) {
  const std::optional<Head> head = durable_head(view);
  check_unknown_tables(db, view.dir(), head ? head->size : 0);
  view.check_tables_reach_memory();
  return head;
}

}  // namespace

std::optional<Head> durable_head(const RocksView& view) {
  const std::optional<Head> head = view.stored_head();
  const std::optional<Page> page = Page::open_to_read(view.dir());
  if (!page) return head;
  // A log has its head before its page: a page without a head is what is left of a log.
  if (!head) throw_lost_tail(view.dir(), 0, *page);
  page->check_belongs_to(head->log_id, view.dir());
  if (page->durable_size() > head->size) throw_lost_tail(view.dir(), head->size, *page);
  return head;
}

Accept nothing_is_missing(const std::string& dir) {
  return [dir](rocksdb::DB& db) { check_nothing_is_missing(db, RocksView(db, dir)); };
}

Accept is_whole(const std::string& dir) {
  return [dir](rocksdb::DB& db) {
    const RocksView view(db, dir);
    if (const auto head = check_nothing_is_missing(db, view)) view.check_head(*head);
  };
}

}  // namespace ratchet::store
