// What several commands need to let something leave the program: signed checkpoints, files,
// documents.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "store/log.h"
#include "store/note.h"
#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/documents.h"

namespace ratchet::ratchetctl {

// A checkpoint as it leaves the program, and the public key if it is signed.
struct Published {
  store::Head head;
  std::string text;
  std::string verifier;
};

struct PublishOptions {
  std::string key_file;               // empty: not signed
  std::optional<std::uint64_t> size;  // none: all records
};

// Throws WrongInput if the log never had that size, or the file holds no key.
Published publish(const store::LogReader& log, const PublishOptions& options);

// The public key that a user gave. Throws WrongInput.
store::NoteVerifier verifier_of(const std::string& key);

Document document_of(const Published& published);

// Writes the document if its format was asked for; false: print a table.
bool wrote_document(const Document& document, const Output& output);

// Replaces the file; makes its folder. A crash leaves the old content or the new one.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace ratchet::ratchetctl
