#include "tools/ratchetctl/publish.h"

#include <fstream>
#include <stdexcept>

#include "engine/inspect/proofs.h"
#include "store/base64.h"
#include "store/checkpoint.h"

namespace ratchet::ratchetctl {

Published publish(const store::LogReader& log, const PublishOptions& options) {
  Published published;
  const std::uint64_t size = log.head().size;
  if (options.size.value_or(0) > size) {
    throw WrongInput("the log has " + std::to_string(size) + " records, not " +
                     std::to_string(*options.size));
  }
  published.head = engine::head_at(log, options.size.value_or(size));
  published.text = store::to_checkpoint(published.head);
  if (options.key_file.empty()) return published;
  const std::string content = content_of(options.key_file);
  try {
    const auto key = store::NoteSigner::parse(content, store::origin_of(published.head));
    published.text = to_text(store::Note{published.text, {key.sign(published.text)}});
    published.verifier = key.verifier().text();
    return published;
  } catch (const store::Error& error) {
    throw WrongInput(options.key_file + " " + error.what());
  }
}

store::NoteVerifier verifier_of(const std::string& key) {
  try {
    return store::NoteVerifier::parse(key);
  } catch (const store::Error& error) {
    throw WrongInput("'" + key + "' is " + error.what());
  }
}

Document document_of(const Published& published) {
  Document document{{"log_id", store::to_hex(published.head.log_id)},
                    {"size", published.head.size},
                    {"root", store::to_base64(published.head.root)},
                    {"checkpoint", published.text}};
  if (!published.verifier.empty()) document["key"] = published.verifier;
  return document;
}

bool wrote_document(const Document& document, const Output& output) {
  if (output.format == Format::table) return false;
  (output.format == Format::json ? write_json : write_yaml)(output.streams.out, document);
  return true;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  const std::filesystem::path fresh = path.string() + ".new";
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) throw std::runtime_error("cannot write " + fresh.string());
  std::filesystem::rename(fresh, path);
}

}  // namespace ratchet::ratchetctl
