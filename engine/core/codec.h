// Events and turns as bytes: docs/LOG_FORMAT.md. The only place that knows the protobuf messages.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/definitions.h"
#include "engine/core/event.h"
#include "store/log.h"

namespace ratchet::engine {

// What this build writes; it reads this and every older level. Raised by an explicit act.
inline constexpr std::uint32_t format_level = 1;

struct Genesis {
  std::uint32_t format_level = 0;
  std::string log_id;
  Time wall{};
};

struct Opened {
  std::uint64_t epoch = 0;
  std::string build;
  std::string principal;
  Time wall{};
};

// A definition, learned by the Definitions that decoded it.
struct Defined {
  std::uint32_t id = 0;
};

// A person accepted a log that does not extend its anchor; every open run waits to be released.
struct Accepted {
  By by;
  Time wall{};
  std::uint64_t size = 0;  // that the log should have had; 0: unknown
  std::string root;        // of that size; empty: unknown
};

// A person lets a run go on.
struct Released {
  std::string run_id;
  By by;
  Time wall{};
};

// The records of an ended run were removed.
struct Pruned {
  std::string summary;  // the bytes of its projection
  std::uint32_t turns = 0;
  By by;
  Time wall{};
};

using Decoded = std::variant<Genesis, Opened, Defined, Turn, Accepted, Released, Pruned>;

// Fetches a payload that was moved out of its record.
using FetchBlob = std::function<std::optional<std::string>(std::uint64_t run, const store::Hash&)>;

std::string encode(const Genesis& genesis);
std::string encode(const Opened& opened);
std::string encode(const Accepted& accepted);
std::string encode(const Released& released);
std::string encode(const Pruned& pruned);

struct EncodedTurn {
  std::string record;
  std::vector<store::Blob> blobs;
};
// Every name in the turn must have been defined. Payloads move out, largest first, until the
// record fits. Throws std::length_error if it cannot fit, with what of it is too large.
EncodedTurn encode(const Turn& turn, Definitions& definitions);

// `index` is the record's place in the log. Throws store::Error: corrupt if the bytes are no
// record, unsupported if a newer build wrote them.
Decoded decode(const store::Record& record, Definitions& definitions, const FetchBlob& fetch);

// The projection def/<id>: a copy of the definition's record, so that opening needs no scan.
std::string definition_key(std::uint32_t id);
inline constexpr std::string_view definition_prefix = "def/";
// The projection build: which code opened the log last.
inline constexpr std::string_view build_key = "build";

// All definitions of a log, from their projection.
void load_definitions(const store::LogReader& log, Definitions& definitions);
FetchBlob blobs_of(const store::LogReader& log);

}  // namespace ratchet::engine
