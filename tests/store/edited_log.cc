#include "tests/store/edited_log.h"

#include <memory>
#include <stdexcept>

#include <rocksdb/db.h>

namespace ratchet::store {

void edit_log(const std::string& dir, std::string_view key,
              const std::optional<std::string>& value) {
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open({}, dir, &opened).ok()) throw std::runtime_error("cannot open " + dir);
  const std::unique_ptr<rocksdb::DB> db(opened);
  const auto edited = value ? db->Put({}, key, *value) : db->Delete({}, key);
  if (!edited.ok()) throw std::runtime_error("cannot edit " + dir);
}

}  // namespace ratchet::store
