// Signed notes (c2sp.org/signed-note): a text and who signed it, so that software which is not ours
// can check it. Keys are Ed25519; they never enter the log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/log.h"

namespace ratchet::store {

// One line below a note: the key's name, its id (4 bytes) and what it signed.
struct NoteSignature {
  std::string name;
  std::string key_id;
  std::string bytes;

  bool operator==(const NoteSignature&) const = default;
};

struct Note {
  std::string text;  // ends in a newline
  std::vector<NoteSignature> signatures;
};

// The line of a signature, and the note: its text, an empty line, its signatures.
std::string to_text(const NoteSignature& signature);
std::string to_text(const Note& note);

// Throws Fault::corrupt, saying what is wrong, unless it is a signature line (without its newline),
// a note with at least one signature and at most 100.
NoteSignature parse_note_signature(std::string_view line);
Note parse_note(std::string_view text);

// What a signature says.
enum class SignatureType : std::uint8_t {
  note = 1,        // I wrote this text
  cosignature = 4  // I saw this checkpoint at a time, and none that contradicts it (a witness)
};

// The public half of a key: `name+id+base64(type ‖ key)`. Immutable; any thread.
class NoteVerifier {
 public:
  // Throws Fault::corrupt unless `text` is an Ed25519 key of one of the types.
  static NoteVerifier parse(std::string_view text);
  NoteVerifier(std::string name, SignatureType type, std::string key);

  std::string text() const;
  const std::string& name() const { return name_; }
  const std::string& key_id() const { return key_id_; }
  // True if the signature names this key, be it good or bad.
  bool is_meant(const NoteSignature& signature) const;
  bool verify(const std::string& text, const NoteSignature& signature) const;

 private:
  std::string name_;
  SignatureType type_;
  std::string key_;
  std::string key_id_;
};

// Throws Fault::corrupt unless the note has a signature of this key and every one of it is good.
void require_signature(const Note& note, const NoteVerifier& by);

// The private half. Immutable; any thread.
class NoteSigner {
 public:
  // From a file's content: `PRIVATE+KEY+name+id+base64(1 ‖ seed)`, or PEM (`openssl genpkey
  // -algorithm ed25519`), whose key has no name and gets this one. Throws Fault::corrupt; the
  // message never repeats the content.
  static NoteSigner parse(std::string_view content, const std::string& name_if_it_has_none);

  NoteSignature sign(const std::string& text) const;
  NoteVerifier verifier() const;

 private:
  NoteSigner(std::string name, std::string seed);

  std::string name_;
  std::string seed_;
};

}  // namespace ratchet::store
