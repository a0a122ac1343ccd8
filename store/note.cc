#include "store/note.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "store/base64.h"
#include "store/checkpoint.h"
#include "store/ed25519.h"
#include "store/merkle.h"

namespace ratchet::store {

namespace {

constexpr std::string_view signature_prefix = "\u2014 ";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t key_id_bytes = 4;
constexpr std::size_t time_bytes = 8;
constexpr std::size_t most_signatures = 100;

using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

[[noreturn]] void refuse_note(const std::string& what) { throw Error(Fault::corrupt, what); }

void require(bool ok) {
  if (!ok) throw Error(Fault::io, "OpenSSL refuses Ed25519: check the OpenSSL configuration");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string id_of(const std::string& name, SignatureType type, const std::string& key) {
  const Hash hash = sha256(name + "\n" + static_cast<char>(type) + key);
  return {hash.begin(), hash.begin() + key_id_bytes};
}

bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::none_of(name, [](unsigned char c) {
    return c <= ' ' || c == '+' || c == 0x7f;
  });
}

// Takes the text up to the next separator, or all of it.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// What a witness signs: the time, then the checkpoint as it saw it.
std::string cosigned_text(std::string_view time, const std::string& text) {
  std::uint64_t seconds = 0;
  for (const char c : time) seconds = seconds << 8 | static_cast<unsigned char>(c);
  return "cosignature/v1\ntime " + std::to_string(seconds) + "\n" + text;
}

int no_passphrase(char*, int, int, void*) { return 0; }  // else OpenSSL would ask the terminal

std::string seed_in_pem(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  require(bio != nullptr);
  const Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr),
                 &EVP_PKEY_free);
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_ED25519) {
    refuse_note(
        "is no Ed25519 key in PEM without a passphrase: make one by "
        "`openssl genpkey -algorithm ed25519`");
  }
  std::string seed(key_bytes, '\0');
  std::size_t size = seed.size();
  require(EVP_PKEY_get_raw_private_key(key.get(), reinterpret_cast<unsigned char*>(seed.data()),
                                       &size) == 1 &&
          size == key_bytes);
  return seed;
}

}  // namespace

std::string to_text(const NoteSignature& signature) {
  return std::string(signature_prefix) + signature.name + " " +
         to_base64(signature.key_id + signature.bytes) + "\n";
}

std::string to_text(const Note& note) {
  std::string text = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) text += to_text(signature);
  return text;
}

NoteSignature parse_note_signature(std::string_view line) {
  if (!line.starts_with(signature_prefix)) refuse_note("a signature line begins with an em dash");
  line.remove_prefix(signature_prefix.size());
  const std::string_view name = take(line, ' ');
  const auto bytes = from_base64(line);
  if (!is_name(name) || !bytes || bytes->size() <= key_id_bytes) {
    refuse_note("a signature line is an em dash, the key's name and base64");
  }
  return {std::string(name), bytes->substr(0, key_id_bytes), bytes->substr(key_id_bytes)};
}

Note parse_note(std::string_view text) {
  const bool control = std::ranges::any_of(
      text, [](unsigned char c) { return (c < ' ' && c != '\n') || c == 0x7f; });
  const std::size_t split = text.rfind("\n\n");
  if (control || split == std::string_view::npos || !text.ends_with('\n')) {
    refuse_note("not a signed note: expected a text, an empty line and signature lines");
  }
  Note note{std::string(text.substr(0, split + 1)), {}};
  text.remove_prefix(split + 2);
  while (!text.empty()) note.signatures.push_back(parse_note_signature(take(text, '\n')));
  if (note.signatures.empty() || note.signatures.size() > most_signatures) {
    refuse_note("not a signed note: it has " + std::to_string(note.signatures.size()) +
                " signatures instead of 1 to " + std::to_string(most_signatures));
  }
  return note;
}

NoteVerifier::NoteVerifier(std::string name, SignatureType type, std::string key)
    : name_(std::move(name)),
      type_(type),
      key_(std::move(key)),
      key_id_(id_of(name_, type_, key_)) {}

NoteVerifier NoteVerifier::parse(std::string_view text) {
  const std::string_view name = take(text, '+');
  const std::string_view id = take(text, '+');
  const auto bytes = from_base64(text);
  if (!is_name(name) || !bytes || bytes->size() != 1 + key_bytes ||
      ((*bytes)[0] != static_cast<char>(SignatureType::note) &&
       (*bytes)[0] != static_cast<char>(SignatureType::cosignature))) {
    refuse_note("not a public key: expected name+id+base64 of an Ed25519 key, on one line");
  }
  NoteVerifier verifier(std::string(name), static_cast<SignatureType>((*bytes)[0]),
                        bytes->substr(1));
  if (to_hex(verifier.key_id_) != id)
    refuse_note("not a public key: its id is not that of its key");
  return verifier;
}

std::string NoteVerifier::text() const {
  return name_ + "+" + to_hex(key_id_) + "+" + to_base64(static_cast<char>(type_) + key_);
}

bool NoteVerifier::is_meant(const NoteSignature& signature) const {
  return signature.name == name_ && signature.key_id == key_id_;
}

bool NoteVerifier::verify(const std::string& text, const NoteSignature& signature) const {
  if (!is_meant(signature)) return false;
  const std::string_view bytes = signature.bytes;
  if (type_ == SignatureType::note) return verify_ed25519(key_, text, bytes);
  if (bytes.size() <= time_bytes) return false;
  return verify_ed25519(key_, cosigned_text(bytes.substr(0, time_bytes), text),
                        bytes.substr(time_bytes));
}

void require_signature(const Note& note, const NoteVerifier& by) {
  bool found = false;
  for (const NoteSignature& signature : note.signatures) {
    if (!by.is_meant(signature)) continue;
    if (!by.verify(note.text, signature))
      refuse_note("the signature of " + by.name() + " is forged");
    found = true;
  }
  if (!found) refuse_note("it has no signature of " + by.text());
}

NoteSigner::NoteSigner(std::string name, std::string seed)
    : name_(std::move(name)), seed_(std::move(seed)) {}

NoteSigner NoteSigner::parse(std::string_view content, const std::string& name_if_it_has_none) {
  constexpr std::string_view prefix = "PRIVATE+KEY+";
  if (!content.starts_with(prefix)) return {name_if_it_has_none, seed_in_pem(content)};
  while (content.ends_with('\n')) content.remove_suffix(1);
  content.remove_prefix(prefix.size());
  const std::string_view name = take(content, '+');
  const std::string_view id = take(content, '+');
  const auto bytes = from_base64(content);
  if (!is_name(name) || !bytes || bytes->size() != 1 + key_bytes || (*bytes)[0] != 1) {
    refuse_note("is no Ed25519 key of the form PRIVATE+KEY+name+id+base64");
  }
  NoteSigner signer(std::string(name), bytes->substr(1));
  if (to_hex(signer.verifier().key_id()) != id) {
    refuse_note("is a key whose id is not its own");
  }
  return signer;
}

NoteVerifier NoteSigner::verifier() const {
  const Pkey key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed_), seed_.size()),
      &EVP_PKEY_free);
  std::string raw(key_bytes, '\0');
  std::size_t size = raw.size();
  require(key && EVP_PKEY_get_raw_public_key(
                     key.get(), reinterpret_cast<unsigned char*>(raw.data()), &size) == 1);
  return {name_, SignatureType::note, raw};
}

NoteSignature NoteSigner::sign(const std::string& text) const {
  const Pkey key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed_), seed_.size()),
      &EVP_PKEY_free);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  require(key && context &&
          EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
          EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                         bytes_of(text), text.size()) == 1);
  return {name_, verifier().key_id(), signature};
}

}  // namespace ratchet::store
