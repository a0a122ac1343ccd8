#include "store/rocks_database.h"

#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <rocksdb/cache.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include "store/page.h"

namespace ratchet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

enum class Folder { fresh, log };

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

// What RocksDB leaves when it dies before its first CURRENT exists, and what file systems put
// into a new volume.
bool may_be_in_a_fresh_folder(std::string_view name) {
  return name == "lost+found" || name.ends_with(".dbtmp") || name == "MANIFEST-000001" ||
         starts_with_any(name, {"LOCK", "LOG", "IDENTITY"});
}

bool is_of_a_log(std::string_view name) {
  return name.ends_with(".sst") || name.ends_with(".log") || name == Page::file_name ||
         starts_with_any(name, {"MANIFEST-", "OPTIONS-"});
}

[[noreturn]] void throw_damaged_folder(const std::string& dir, const std::string& file) {
  throw Error(Fault::corrupt, dir + " has files of a log (" + file +
                                  "), but its file CURRENT is missing: the log is damaged; "
                                  "restore it from a backup");
}

[[noreturn]] void throw_foreign_folder(const std::string& dir, const std::string& file) {
  throw Error(Fault::not_a_log, dir + " holds something else than a log (" + file +
                                    "): name an empty folder or that of a log");
}

// RocksDB itself would make a new database where only CURRENT is missing, over the old one.
Folder look_into(const std::string& dir) {
  if (fs::exists(dir + "/CURRENT")) return Folder::log;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir)) {
    const std::string name = entry.path().filename().string();
    if (is_of_a_log(name) && !may_be_in_a_fresh_folder(name)) throw_damaged_folder(dir, name);
    if (!may_be_in_a_fresh_folder(name)) throw_foreign_folder(dir, name);
  }
  return Folder::fresh;
}

Folder prepare_folder(const std::string& dir, rocksdb::Env& env) {
  try {
    if (fs::exists(dir) && !fs::is_directory(dir)) {
      throw Error(Fault::not_a_log, dir + " is no folder: name an empty folder or that of a log");
    }
    if (fs::create_directory(dir)) make_durable(dir, env);
    if (access(dir.c_str(), W_OK) != 0) {
      throw Error(Fault::io, "cannot write into " + dir + ": " + std::strerror(errno) +
                                 ": give this user the folder, or mount the volume writable");
    }
    return look_into(dir);
  } catch (const fs::filesystem_error& error) {
    throw Error(Fault::io, "cannot use " + dir + " for the log: " + error.code().message() +
                               ": create its parent folder, or name another one");
  }
}

void require_setting(bool kept, const char* setting) {
  if (kept) return;
  throw Error(Fault::unsupported, std::string("this build of RocksDB does not keep the setting ") +
                                      setting + ": use the version that docs/LOG_FORMAT.md names");
}

// A setting that RocksDB silently changes is a promise that nobody keeps.
// (write_dbid_to_manifest is left out: GetDBOptions of RocksDB 7.8 does not report it.)
void check_settings(const rocksdb::DB& db) {
  const rocksdb::DBOptions kept = db.GetDBOptions();
  const rocksdb::Options family = db.GetOptions();
  require_setting(kept.wal_recovery_mode == rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords,
                  "wal_recovery_mode");
  require_setting(kept.track_and_verify_wals_in_manifest, "track_and_verify_wals_in_manifest");
  require_setting(kept.wal_compression == rocksdb::kNoCompression, "wal_compression");
  require_setting(kept.recycle_log_file_num == 0, "recycle_log_file_num");
  require_setting(!kept.manual_wal_flush, "manual_wal_flush");
  require_setting(kept.paranoid_checks, "paranoid_checks");
  require_setting(kept.flush_verify_memtable_count, "flush_verify_memtable_count");
  require_setting(kept.verify_sst_unique_id_in_manifest, "verify_sst_unique_id_in_manifest");
  require_setting(!kept.best_efforts_recovery, "best_efforts_recovery");
  require_setting(family.force_consistency_checks, "force_consistency_checks");
  require_setting(family.memtable_protection_bytes_per_key == 8,
                  "memtable_protection_bytes_per_key");
  require_setting(family.compression == rocksdb::kZSTD, "compression");
}

bool is_locked(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  return text.find("lock file:") != std::string::npos ||
         text.find("lock hold by") != std::string::npos;
}

void check_unlocked(const rocksdb::Status& status, const std::string& dir) {
  if (!is_locked(status)) return;
  throw Error(Fault::locked, "the log in " + dir +
                                 " is open for writing in another process: "
                                 "stop that one, or name another folder");
}

void look_before_writing(const std::string& dir, rocksdb::Env* env, const Accept& accept) {
  const rocksdb::Options options = database_options(env);
  const FolderLock lock(dir, *options.env);
  rocksdb::DB* opened = nullptr;
  check(rocksdb::DB::OpenForReadOnly(options, dir, &opened), "open", dir);
  const std::unique_ptr<rocksdb::DB> db(opened);
  accept(*db);
}

}  // namespace

void make_durable(const std::string& dir, rocksdb::Env& env) {
  fs::path folder = fs::absolute(dir).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  std::unique_ptr<rocksdb::Directory> parent;
  rocksdb::Status status = env.NewDirectory(folder.parent_path().string(), &parent);
  if (status.ok()) status = parent->Fsync();
  if (status.ok()) return;
  std::error_code ignored;
  fs::remove(dir, ignored);  // so that the next attempt makes it, and syncs
  check(status, "make the folder of", dir);
}

rocksdb::Options database_options(rocksdb::Env* env) {
  rocksdb::Options options;
  if (env != nullptr) options.env = env;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.wal_compression = rocksdb::kNoCompression;
  options.recycle_log_file_num = 0;
  options.manual_wal_flush = false;
  options.paranoid_checks = true;
  options.force_consistency_checks = true;
  options.flush_verify_memtable_count = true;
  options.verify_sst_unique_id_in_manifest = true;
  options.memtable_protection_bytes_per_key = 8;
  options.write_dbid_to_manifest = true;
  options.best_efforts_recovery = false;
  options.compression = rocksdb::kZSTD;
  // What is not yet in tables is read again at open: this bounds the time that it takes.
  options.write_buffer_size = 16 * mebibyte;
  options.max_write_buffer_number = 3;
  options.max_total_wal_size = 48 * mebibyte;
  // Records are appended: the place of the last key of a kind is where the next one goes.
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(1));
  options.max_bytes_for_level_base = 64 * mebibyte;
  options.max_open_files = 512;
  options.keep_log_file_num = 4;
  options.max_log_file_size = mebibyte;
  options.stats_dump_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(32 * mebibyte);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::WriteOptions write_options() {
  rocksdb::WriteOptions options;
  options.sync = true;
  options.disableWAL = false;
  options.protection_bytes_per_key = 8;
  return options;
}

rocksdb::ReadOptions read_options() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

void count_nothing() { rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable); }

void check(const rocksdb::Status& status, std::string_view doing, const std::string& dir) {
  if (status.ok()) return;
  const std::string what =
      "cannot " + std::string(doing) + " the log in " + dir + ": " + status.ToString();
  if (status.IsNoSpace()) throw Error(Fault::io, what + ": free some space on its volume");
  if (status.IsCorruption() || status.IsPathNotFound() || status.IsNotFound()) {
    throw Error(Fault::corrupt,
                what +
                    ": the log is damaged; keep it as evidence and restore a backup, or get at "
                    "what comes before the damage by `ratchetctl repair`");
  }
  throw Error(Fault::io, what + ": check the volume and the permissions");
}

FolderLock::FolderLock(const std::string& dir, rocksdb::Env& env) : env_(env) {
  const rocksdb::Status status = env_.LockFile(dir + "/LOCK", &lock_);
  check_unlocked(status, dir);
  check(status, "lock", dir);
}

FolderLock::~FolderLock() { env_.UnlockFile(lock_).PermitUncheckedError(); }

std::unique_ptr<rocksdb::DB> open_database(const std::string& dir, rocksdb::Env* env,
                                           const Accept& accept) {
  count_nothing();
  const Folder folder = prepare_folder(dir, env != nullptr ? *env : *rocksdb::Env::Default());
  if (folder == Folder::log) look_before_writing(dir, env, accept);
  rocksdb::Options options = database_options(env);
  options.create_if_missing = folder == Folder::fresh;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, dir, &opened);
  check_unlocked(status, dir);
  check(status, "open", dir);
  std::unique_ptr<rocksdb::DB> db(opened);
  check_settings(*db);
  return db;
}

std::unique_ptr<rocksdb::DB> open_secondary(const std::string& dir, const std::string& scratch) {
  count_nothing();
  rocksdb::Options options = database_options(nullptr);
  options.max_open_files = -1;  // files that the writer deletes stay readable
  rocksdb::DB* opened = nullptr;
  check(rocksdb::DB::OpenAsSecondary(options, dir, scratch, &opened), "read", dir);
  return std::unique_ptr<rocksdb::DB>(opened);
}

std::unique_ptr<rocksdb::DB> open_copy(const std::string& dir, const std::string& scratch) {
  count_nothing();
  rocksdb::Options options = database_options(nullptr);
  options.db_log_dir = scratch;
  rocksdb::DB* opened = nullptr;
  check(rocksdb::DB::OpenForReadOnly(options, dir, &opened), "read", dir);
  return std::unique_ptr<rocksdb::DB>(opened);
}

}  // namespace ratchet::store
