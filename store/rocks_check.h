// What must hold of a log before its folder is written to. Private to store/.
#pragma once

#include <optional>
#include <string>

#include "store/log.h"
#include "store/rocks_database.h"
#include "store/rocks_reads.h"

namespace ratchet::store {

// The head in the database; nothing if none was ever written to it. Throws Error: not_a_log;
// corrupt if the breadcrumb page is another log's, or says that more records were durable.
std::optional<Head> durable_head(const RocksView& view);

// For open_database. This one throws Fault::corrupt if records are missing: durable ones
// (durable_head), those just before the write-ahead log's, or those of a table that the manifest
// does not name, which RocksDB would delete. Stored hashes may be wrong or missing.
Accept nothing_is_missing(const std::string& dir);

// That, and RocksView::check_head.
Accept is_whole(const std::string& dir);

}  // namespace ratchet::store
