#include "tests/store/key_value_log.h"

#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include "store/keys.h"
#include "store/rocks_database.h"
#include "store/rocks_reads.h"

namespace ratchet::store {
namespace {

std::unique_ptr<rocksdb::DB> open_in(rocksdb::Env* env) {
  rocksdb::Options options = database_options(env);
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  check(rocksdb::DB::Open(options, "/log", &opened), "open", "memory");
  return std::unique_ptr<rocksdb::DB>(opened);
}

// Before the base whose database uses it.
struct KeepsEnv {
  std::unique_ptr<rocksdb::Env> env{rocksdb::NewMemEnv(rocksdb::Env::Default())};
};

}  // namespace

class KeyValueLog::Reader final : KeepsEnv, public RocksReads<LogReader> {
 public:
  Reader() : RocksReads<LogReader>(open_in(env.get()), "memory") {}

  void load(const KeyValues& pairs) {
    rocksdb::WriteBatch batch;
    for (const auto& [key, value] : loaded_) batch.Delete(key);
    for (const auto& [key, value] : pairs) batch.Put(key, value);
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    check(db().Write(options, &batch), "write", "memory");
    loaded_ = pairs;
    show({});
    const auto head = view().stored_head();
    if (!head) throw Error(Fault::not_a_log, "there is no head");
    view().check_head(*head);
    show(*head);
  }

 private:
  KeyValues loaded_;
};

KeyValueLog::KeyValueLog() : reader_(std::make_unique<Reader>()) {}
KeyValueLog::~KeyValueLog() = default;

const LogReader& KeyValueLog::load(const KeyValues& pairs) {
  reader_->load(pairs);
  return *reader_;
}

KeyValues key_values_of(const LogReader& log,
                        const std::function<std::optional<RunTurn>(const Record&)>& turn_of) {
  KeyValues pairs;
  const auto add = [&](std::string_view key, std::string_view value) {
    pairs.emplace_back(key, value);
  };
  log.scan(0, log.head().size, [&](const Record& record) {
    add(record_key(record.index).view(), record.bytes);
    if (const auto turn = turn_of(record)) {
      add(turn_key(*turn).view(), encode_index(record.index));
    }
    return true;
  });
  log.scan_projections("", [&](std::string_view key, std::string_view value) {
    add(projection_key(key), value);
    return true;
  });
  add(head_key, encode_head(log.head()));
  return pairs;
}

}  // namespace ratchet::store
