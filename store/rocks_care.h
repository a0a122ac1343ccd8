// What only a person orders, on a log that no process has open: getting at a log whose tail is
// torn, and making anew what is derived from its records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "store/log.h"

namespace rocksdb {
class Env;
}

namespace ratchet::store {

struct Salvaged {
  Head head;
  std::uint64_t durable = 0;  // records that the page of the torn log says were durable; 0: no page
};

// Makes `to`, which must not exist, a log of what can be read in `from`: all groups before the
// first damage. Accepts it only if every record of its head is there, has the head's root, and
// extends `anchor`; else `to` is removed again. What it made is durable. `from` stays as it is:
// evidence. `env` may be null: the real file system. Throws Error: not_a_log, locked (a process has
// `from` open), corrupt, io.
Salvaged salvage_rocks_log(const std::string& from, const std::string& to, const Head& anchor,
                           rocksdb::Env* env = nullptr);

// How many projections and subtree hashes were missing, wrong or too many.
struct Rebuilt {
  std::size_t projections = 0;
  std::size_t hashes = 0;
};
// All projections that the records of a log give, by key.
using Derive = std::function<std::map<std::string, std::string>(const LogReader& log)>;

// How many records were hashed, of how many.
using Hashed = std::function<void(std::uint64_t done, std::uint64_t of)>;

// Makes the projections what `derive` returns, and the subtree hashes those of the records, at
// once; only counts what is not so unless `write`. `hashed` is told of every record, before
// `derive` is called. Throws Error: not_a_log, locked, io; corrupt if the records do not have the
// head's root: then nothing is changed, since a rebuild must not make an edited record look right.
// What `derive` throws changes nothing either.
Rebuilt rebuild_rocks_log(const std::string& dir, const Derive& derive, bool write = true,
                          const Hashed& hashed = {});

}  // namespace ratchet::store
