#include "tools/ratchetctl/witness.h"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <ostream>
#include <utility>

#include <CLI/CLI.hpp>

#include "engine/inspect/proofs.h"
#include "store/checkpoint.h"
#include "store/note.h"
#include "store/proof_files.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/documents.h"
#include "tools/ratchetctl/publish.h"
#include "tools/ratchetctl/web.h"

namespace ratchet::ratchetctl {

namespace {

namespace http = k8s::http;

constexpr std::chrono::seconds witness_deadline{30};
constexpr int conflict = 409;
constexpr int unprocessable = 422;

struct WitnessOptions {
  std::string url;
  std::string key_file;
  std::string witness_key;
  std::string kept_file;
};

http::Response post(const Address& address, std::string body) {
  return fetch(
      address.endpoint,
      {"POST", address.path + "/add-checkpoint", {{"content-type", "text/plain"}}, std::move(body)},
      witness_deadline);
}

// The size in the answer of a witness that knows another one than it was told.
std::optional<std::uint64_t> known_size(const http::Response& answer) {
  std::uint64_t size = 0;
  const char* end = answer.body.data() + answer.body.size();
  const auto [at, error] = std::from_chars(answer.body.data(), end, size);
  if (answer.status != conflict || error != std::errc{}) return std::nullopt;
  return std::string_view(at, end) == "\n" || at == end ? std::optional(size) : std::nullopt;
}

[[noreturn]] void throw_contradicted(const std::string& why) {
  throw store::Error(store::Fault::corrupt,
                     "the witness contradicts this log: " + why + "; keep the log as evidence");
}

// Submits the checkpoint of `published`; the witness's answer, which is its cosignature.
http::Response submit(const store::LogReader& log, const Published& published, store::Head older,
                      const Address& to) {
  const std::uint64_t size = published.head.size;
  for (bool told = false;; told = true) {
    const auto proof = engine::prove_extends(log, older, size);
    http::Response answer = post(to, store::to_add_checkpoint(older.size, proof, published.text));
    const std::optional<std::uint64_t> known = known_size(answer);
    if (answer.status == 200) return answer;
    if (answer.status == unprocessable) throw_contradicted("it knows other records");
    if (known && *known == older.size) throw_contradicted("it knows another root of this size");
    if (known && *known > size) {
      throw_contradicted("it has seen " + std::to_string(*known) + " records, this log has " +
                         std::to_string(size) + ": it went back");
    }
    if (!known || told) {
      throw std::runtime_error("the witness answers " + std::to_string(answer.status) + ": " +
                               answer.body);
    }
    older = engine::head_at(log, *known);
  }
}

// The signatures of the answer that are the witness's, all of them good.
std::vector<store::NoteSignature> cosignatures(const std::string& answer, const std::string& text,
                                               const store::NoteVerifier& witness) {
  const store::Note note = store::parse_note(text + "\n" + answer);
  store::require_signature(note, witness);
  std::vector<store::NoteSignature> found;
  for (const auto& signature : note.signatures) {
    if (witness.is_meant(signature)) found.push_back(signature);
  }
  return found;
}

int witness(const std::string& dir, const WitnessOptions& options, const Output& output) {
  const auto log = store::open_rocks_reader(dir);
  const Address to = address_of(options.url, "https://witness.example/prefix");
  const auto key = verifier_of(options.witness_key);
  const Published published = publish(*log, {options.key_file, std::nullopt});
  store::Head older{published.head.log_id, 0, engine::head_at(*log, 0).root, 0};
  if (std::filesystem::exists(options.kept_file)) older = checkpoint_in(options.kept_file);
  const http::Response answer = submit(*log, published, older, to);
  store::Note note = store::parse_note(published.text);
  for (auto& signature : cosignatures(answer.body, note.text, key)) {
    note.signatures.push_back(std::move(signature));
  }
  write_file(options.kept_file, to_text(note));
  Document document = document_of(published);
  document["checkpoint"] = to_text(note);
  document["witness"] = key.text();
  if (!wrote_document(document, output)) {
    output.streams.out << "cosigned by " << key.name() << ": " << published.head.size
                       << " records; kept in " << options.kept_file << "\n";
  }
  return Exit::well;
}

}  // namespace

void add_witness(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("witness",
                                         "Have a witness outside the cluster cosign the checkpoint "
                                         "(c2sp.org/tlog-witness), and keep what it signed");
  const auto options = std::make_shared<WitnessOptions>();
  command->add_option("--url", options->url, "The witness's submission prefix")
      ->type_name("URL")
      ->required();
  command->add_option("--key", options->key_file, "The log's Ed25519 key, which the witness knows")
      ->type_name("FILE")
      ->required();
  command->add_option("--witness-key", options->witness_key, "The witness's public key")
      ->type_name("KEY")
      ->required();
  command
      ->add_option("--keep", options->kept_file,
                   "The cosigned checkpoint: what the witness saw last, and an anchor for verify")
      ->type_name("FILE")
      ->required();
  command->callback([&chosen, options] {
    chosen = [options](const std::string& dir, const Output& output) {
      return witness(dir, *options, output);
    };
  });
}

}  // namespace ratchet::ratchetctl
