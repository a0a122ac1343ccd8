// Notes, proofs and tiles have the bytes that the public formats ask for. That software which is
// not ours accepts them is shown in tests/transparency.
#include <map>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "store/base64.h"
#include "store/memory_log.h"
#include "store/merkle.h"
#include "store/note.h"
#include "store/proof_files.h"
#include "store/tiles.h"
#include "tests/store/log_under_test.h"

namespace ratchet::store {
namespace {

// The example of the reference implementation.
constexpr const char* private_key =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n";
constexpr const char* public_key =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr const char* signed_text =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr const char* signature_line =
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqd"
    "ngotpRZb6KE6RyyBwJnAM=\n";

// A new key as `openssl genpkey -algorithm ed25519` writes it.
std::string new_pem() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

TEST(Base64, TakesItsOwnTextBackAndNoOther) {
  for (const std::string& bytes : {std::string(), std::string("a"), std::string("ab"),
                                   std::string("abc"), std::string(3, '\0')}) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
  for (const char* text : {"YQ", "YR==", "YQ=a", "Y===", "====", "YQ==YQ==", "Y Q="}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

TEST(Note, IsTheReferenceImplementationsExample) {
  const NoteSigner signer = NoteSigner::parse(private_key, "");
  EXPECT_EQ(signer.verifier().text(), public_key);
  const Note note{signed_text, {signer.sign(signed_text)}};
  EXPECT_EQ(to_text(note), std::string(signed_text) + "\n" + signature_line);
  EXPECT_NO_THROW(require_signature(parse_note(to_text(note)), NoteVerifier::parse(public_key)));
}

TEST(Note, AKeyInPemGetsTheNameOfTheLog) {
  const NoteSigner signer = NoteSigner::parse(new_pem(), "ratchet.dev/log/00");
  const Note note{"text\n", {signer.sign("text\n")}};
  EXPECT_EQ(note.signatures[0].name, "ratchet.dev/log/00");
  EXPECT_NO_THROW(require_signature(note, NoteVerifier::parse(signer.verifier().text())));
}

TEST(Note, AForgedOrMissingSignatureIsRefused) {
  const NoteVerifier key = NoteVerifier::parse(public_key);
  const NoteSigner other = NoteSigner::parse(new_pem(), "PeterNeumann");
  const Note good = parse_note(std::string(signed_text) + "\n" + signature_line);
  Note note = good;
  note.text[0] ^= 1;
  EXPECT_EQ(fault_of([&] { require_signature(note, key); }), Fault::corrupt);
  note = good;
  note.signatures[0].bytes[5] ^= 1;
  EXPECT_EQ(fault_of([&] { require_signature(note, key); }), Fault::corrupt);
  note.signatures = {other.sign(note.text)};
  std::string why;
  EXPECT_EQ(fault_of([&] { require_signature(note, key); }, &why), Fault::corrupt);
  EXPECT_THAT(why, testing::HasSubstr("no signature of PeterNeumann"));
  note.signatures.push_back(good.signatures[0]);
  EXPECT_NO_THROW(require_signature(note, key)) << "unknown keys are ignored";
}

TEST(Note, MalformedTextIsRefusedAndAPrivateKeyNeverRepeated) {
  for (const char* text :
       {"", "text\n", "text\n\n", "text\n\nno dash\n", "a\tb\n\n\u2014 x YWJjZGU=\n",
        "text\n\n\u2014 x YWJj\n", "text\n\n\u2014 x+y YWJjZGU=\n"}) {
    EXPECT_EQ(fault_of([&] { parse_note(text); }), Fault::corrupt) << text;
  }
  for (std::string text : {std::string(public_key)}) {
    text[text.find('+') + 1] ^= 1;
    EXPECT_EQ(fault_of([&] { NoteVerifier::parse(text); }), Fault::corrupt) << text;
  }
  for (const char* key : {"", "PRIVATE+KEY+x+00000000+c2VjcmV0", "secret"}) {
    std::string why;
    EXPECT_EQ(fault_of([&] { NoteSigner::parse(key, "name"); }, &why), Fault::corrupt);
    EXPECT_THAT(why, testing::Not(testing::AnyOf(testing::HasSubstr("c2VjcmV0"),
                                                 testing::HasSubstr("secret"))));
  }
}

TEST(ProofFiles, HaveTheLinesOfThePublicFormats) {
  const std::vector<Hash> proof{sha256("a"), sha256("b")};
  const std::string a = to_base64(sha256("a"));
  const std::string b = to_base64(sha256("b"));
  EXPECT_EQ(to_tlog_proof(7, proof, "note\n"),
            "c2sp.org/tlog-proof@v1\nindex 7\n" + a + "\n" + b + "\n\nnote\n");
  EXPECT_EQ(to_tlog_proof(0, {}, "note\n"), "c2sp.org/tlog-proof@v1\nindex 0\n\nnote\n");
  EXPECT_EQ(to_add_checkpoint(3, proof, "note\n"), "old 3\n" + a + "\n" + b + "\n\nnote\n");
}

TEST(Tiles, PathsAreThoseOfThePublicFormat) {
  EXPECT_EQ(tile_path("0", 0, 256), "tile/0/000");
  EXPECT_EQ(tile_path("1", 1234067, 256), "tile/1/x001/x234/067");
  EXPECT_EQ(tile_path("entries", 1000, 17), "tile/entries/x001/000.p/17");
}

std::unique_ptr<MemoryLog> log_of(std::uint64_t records) {
  std::vector<std::function<void()>> tasks;
  auto log = std::make_unique<MemoryLog>(
      std::make_shared<MemoryDisk>(),
      [&tasks](std::function<void()> task) { tasks.push_back(std::move(task)); });
  for (std::uint64_t i = 0; i < records; ++i) {
    log->submit(plain_entry("record " + std::to_string(i)));
    if (tasks.empty()) continue;
    const auto task = std::exchange(tasks, {})[0];
    task();
  }
  return log;
}

TEST(Tiles, HoldEveryHashAndEveryEntryOnce) {
  constexpr std::uint64_t size = 65'536 + 300;
  const auto log = log_of(size);
  std::map<std::string, std::string> files;
  const TilesReport report = write_tiles(*log, size, [&](const auto& path, std::string_view bytes) {
    EXPECT_TRUE(files.emplace(path, bytes).second) << path;
  });
  EXPECT_EQ(report.bundles, 258U);
  EXPECT_EQ(report.tiles, 258U + 2U + 1U);
  EXPECT_TRUE(report.pruned.empty());
  EXPECT_EQ(files.size(), 258U + 261U);
  EXPECT_EQ(files.at("tile/0/257.p/44").size(), 44U * 32U);
  EXPECT_EQ(files.at("tile/1/001.p/1").size(), 32U);
  const Hash all = log->subtree(2, 0);
  EXPECT_EQ(files.at("tile/2/000.p/1"), std::string(all.begin(), all.end()));
  EXPECT_TRUE(files.at("tile/entries/256").starts_with(std::string("\0\x0c", 2) + "record 65536"));
  EXPECT_THROW(write_tiles(*log, size + 1, [](const auto&, auto) {}), std::out_of_range);
}

TEST(Proofs, OfALargeTreeTakeAtMost510ReadsALevel) {
  constexpr std::uint64_t size = 70'000;
  const auto log = log_of(size);
  std::map<unsigned, int> reads;
  const StoredHashes counted = [&](unsigned level, std::uint64_t n) {
    ++reads[level];
    return log->subtree(level, n);
  };
  for (const std::uint64_t index : {0U, 255U, 256U, 65'535U, 65'536U, 69'999U}) {
    reads.clear();
    EXPECT_TRUE(verify_inclusion(log->leaf(index), index, {size, log->root(size)},
                                 prove_inclusion(index, size, counted)));
    for (const auto& [level, count] : reads) EXPECT_LE(count, 510) << level << " " << index;
    if (index == 0) continue;
    reads.clear();
    EXPECT_TRUE(verify_consistency({index, log->root(index)}, {size, log->root(size)},
                                   prove_consistency(index, size, counted)));
    for (const auto& [level, count] : reads) EXPECT_LE(count, 510) << level << " " << index;
  }
}

}  // namespace
}  // namespace ratchet::store
