#include "tests/histories/history_text.h"

#include <cstdint>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include <openssl/evp.h>

#include "engine/core/codec.h"
#include "engine/core/open_run.h"
#include "engine/core/summary.h"
#include "ratchet/v1/log.pb.h"
#include "store/checkpoint.h"
#include "store/merkle.h"

namespace ratchet::engine::testing {

namespace {

std::string to_base64(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string from_base64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  if (length < 0 || text.empty()) throw std::invalid_argument("«" + text + "» is not base64");
  const std::size_t padding = text.size() - text.find_last_not_of('=') - 1;
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::string hex_of(const store::Hash& hash) {
  return store::to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

// Hashes of the payloads that this record refers to.
std::vector<store::Hash> moved_payloads(const std::string& record) {
  std::vector<store::Hash> hashes;
  v1::Record parsed;
  parsed.ParseFromString(record);
  const auto visit = [&](const v1::Payload& payload) {
    if (!payload.has_moved()) return;
    store::Hash& hash = hashes.emplace_back();
    payload.moved().hash().copy(reinterpret_cast<char*>(hash.data()), hash.size());
  };
  for (const auto& event : parsed.turn().events()) {
    visit(event.run_started().input());
    visit(event.step_completed().result());
    visit(event.signal_received().value());
    visit(event.step_scheduled().input());
    visit(event.run_completed().result());
  }
  return hashes;
}

// Submits one record after the other, each as the engine did.
class Rebuilding {
 public:
  explicit Rebuilding(std::shared_ptr<store::MemoryDisk> disk)
      : log_(std::move(disk),
             [this](const std::function<void()>& task) { tasks_.push_back(task); }) {}

  // Of the next record.
  void blob(std::string bytes) {
    const store::Hash hash = store::sha256(bytes);
    blobs_.push_back({hash, std::move(bytes)});
  }

  void record(std::string bytes) {
    store::Entry entry;
    entry.blobs = std::exchange(blobs_, {});
    const FetchBlob fetch = [&entry](std::uint64_t, const store::Hash& hash) {
      std::optional<std::string> found;
      for (const store::Blob& blob : entry.blobs) {
        if (blob.hash == hash) found = blob.bytes;
      }
      return found;
    };
    const Decoded decoded = decode({log_.next_index(), bytes}, definitions_, fetch);
    v1::Record parsed;
    parsed.ParseFromString(bytes);
    if (parsed.has_definition()) {
      entry.projections.push_back({definition_key(parsed.definition().id()), bytes});
    } else if (const auto* turn = std::get_if<Turn>(&decoded)) {
      place(*turn, entry);
    } else if (const auto* opened = std::get_if<Opened>(&decoded)) {
      log_.begin_epoch();
      entry.projections.push_back({std::string(build_key), opened->build});
    }
    entry.record = std::move(bytes);
    log_.submit(std::move(entry));
    for (const auto& task : std::exchange(tasks_, {})) task();
  }

  store::Hash root() const { return log_.head().root; }

 private:
  void place(const Turn& turn, store::Entry& entry) {
    entry.turn = store::RunTurn{turn.run, turn.turn};
    RunSummary& summary = summaries_[turn.run];
    summary.run = turn.run;
    if (fold(summary, turn)) {
      summary.as_of = log_.next_index();
      entry.projections.push_back({summary_key(summary.run_id), encode(summary)});
    }
    OpenRun& open = open_runs_[turn.run];
    if (open.fold(turn)) entry.projections.push_back({open_run_key(turn.run), open.encode()});
  }

  std::vector<std::function<void()>> tasks_;
  store::MemoryLog log_;
  Definitions definitions_;
  std::map<std::uint64_t, RunSummary> summaries_;
  std::map<std::uint64_t, OpenRun> open_runs_;
  std::vector<store::Blob> blobs_;
};

}  // namespace

std::string to_text(const store::LogReader& log) {
  std::ostringstream out;
  out << "log " << store::to_hex(log.head().log_id) << "\n";
  log.scan(0, log.head().size, [&](const store::Record& record) {
    v1::Record parsed;
    parsed.ParseFromString(record.bytes);
    const std::uint64_t run = parsed.turn().turn() == 0 ? record.index : parsed.turn().run();
    for (const store::Hash& hash : moved_payloads(record.bytes)) {
      out << "blob " << to_base64(log.blob(run, hash).value()) << "\n";
    }
    out << "record " << to_base64(record.bytes) << "\n";
    return true;
  });
  out << "root " << hex_of(log.head().root) << "\n";
  return out.str();
}

std::shared_ptr<store::MemoryDisk> from_text(const std::string& text) {
  std::istringstream in(text);
  std::string word;
  std::string value;
  in >> word >> value;
  if (word != "log") throw std::invalid_argument("a history begins with `log ID`, not " + word);
  auto disk = std::make_shared<store::MemoryDisk>(from_hex(value));
  Rebuilding log(disk);
  while (in >> word >> value) {
    if (word == "record") {
      log.record(from_base64(value));
    } else if (word == "blob") {
      log.blob(from_base64(value));
    } else if (word == "root") {
      if (hex_of(log.root()) != value) {
        throw std::invalid_argument("the tree over the records has another root than " + value);
      }
    } else {
      throw std::invalid_argument("a history has no line `" + word + "`");
    }
  }
  return disk;
}

}  // namespace ratchet::engine::testing
