// The golden records: bytes of format level 1 with what they mean, as text, kept for ever.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/codec.h"
#include "engine/core/definitions.h"

namespace ratchet::engine::golden {

// A stanza of records.txt.
struct Golden {
  std::string name;           // its first word is the kind
  bool decodes_only = false;  // written in an earlier encoding of the same level
  std::string hex;
  std::string text;
};

std::vector<Golden> read_goldens();
// Those of store.txt: a name and bytes, no text.
std::vector<Golden> read_store_goldens();
std::string stanza(const Golden& golden);

// Defines all names that golden records may use; the order is part of the goldens.
void define_names(Definitions& definitions);

// What the bytes mean; the definitions learn what is one. Throws store::Error as decode does.
std::string meaning(const std::string& bytes, Definitions& definitions);
// The same record encoded by today's code; nothing if it holds no data of its own to encode.
std::optional<std::string> encoded_again(const std::string& bytes, Definitions& definitions);

std::string from_hex(const std::string& hex);

// The kinds of records, definitions and events that the .proto of the log knows.
std::set<std::string> all_kinds();
// Those in this record.
std::set<std::string> kinds_in(const std::string& bytes);

// A record of every kind, filled by Filler, as today's code encodes it.
std::vector<Golden> samples();

}  // namespace ratchet::engine::golden
