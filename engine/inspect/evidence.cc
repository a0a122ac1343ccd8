#include "engine/inspect/evidence.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include <google/protobuf/util/json_util.h>

#include "engine/core/codec.h"
#include "engine/inspect/proofs.h"
#include "ratchet/v1/evidence.pb.h"
#include "store/anchor_check.h"
#include "store/checkpoint.h"
#include "store/merkle.h"
#include "store/proof_files.h"

namespace ratchet::engine {

namespace {

namespace pb = google::protobuf;

constexpr const char* format = "ratchet.dev/evidence@v1";

[[noreturn]] void refuse(const std::string& why) {
  throw store::Error(store::Fault::corrupt, "not evidence that holds: " + why);
}

std::string record_name(std::uint64_t index) { return "record " + std::to_string(index); }

// Collects what the checkpoint covers of one run.
class Collector {
 public:
  Collector(const store::LogReader& log, const RunInfo& run, std::string_view checkpoint,
            const Progress& progress)
      : log_(log), run_(run), progress_(progress), head_(store::from_checkpoint(checkpoint)) {
    store::check_extends(log, head_);
    file_.set_format(format);
    file_.set_run_id(run.run_id);
    file_.set_checkpoint(std::string(checkpoint));
  }

  v1::Evidence collect() {
    log_.scan_run(run_.run, 0, [this](std::uint32_t, const store::Record& record) {
      if (record.index < head_.size) turns_[record.index] = record.bytes;
      return record.index < head_.size;
    });
    if (turns_.empty()) {
      throw std::out_of_range("the checkpoint covers " + std::to_string(head_.size) +
                              " records and none of run " + run_.run_id +
                              ": it is older than the run, or the run was pruned");
    }
    look_into_turns();
    add_records();
    return std::move(file_);
  }

 private:
  // Which openings and payloads the turns refer to.
  void look_into_turns() {
    Definitions definitions;
    load_definitions(log_, definitions);
    std::set<std::string> payloads;
    const FetchBlob fetch = [&](std::uint64_t run, const store::Hash& hash) {
      auto bytes = log_.blob(run, hash);
      if (bytes && payloads.insert(*bytes).second) count(bytes->size());
      return bytes;
    };
    for (const auto& [index, bytes] : turns_) {
      const Decoded decoded = decode({index, bytes}, definitions, fetch);
      if (const auto* turn = std::get_if<Turn>(&decoded)) epochs_.insert(turn->epoch);
    }
    for (const std::string& bytes : payloads) file_.add_payloads(bytes);
  }

  // All definitions: they are few, and their numbers are given in order.
  void add_records() {
    Definitions definitions;
    const FetchBlob nothing = [](std::uint64_t, const store::Hash&) { return std::string(); };
    const std::uint64_t end = turns_.rbegin()->first + 1;
    log_.scan(0, end, [&](const store::Record& record) {
      if (progress_) progress_(record.index + 1, end);
      if (turns_.contains(record.index)) {
        add(record);
        return true;
      }
      const Decoded decoded = decode(record, definitions, nothing);
      const auto* opened = std::get_if<Opened>(&decoded);
      const bool needed = std::holds_alternative<Genesis>(decoded) ||
                          std::holds_alternative<Defined>(decoded) ||
                          (opened != nullptr && epochs_.contains(opened->epoch));
      if (needed) add(record);
      return true;
    });
  }

  void add(const store::Record& record) {
    v1::EvidenceRecord& added = *file_.add_records();
    added.set_record(record.bytes);
    const auto hashes = store::prove_inclusion(record.index, head_.size, hashes_);
    added.set_proof(store::to_tlog_proof(record.index, hashes, file_.checkpoint()));
    count(record.bytes.size() + added.proof().size());
  }

  void count(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ < max_evidence_bytes / 2) return;  // JSON takes a third more
    throw std::length_error("the evidence of run " + run_.run_id + " would be too large: over " +
                            std::to_string(max_evidence_bytes >> 20) + " MiB");
  }

  const store::LogReader& log_;
  const store::StoredHashes hashes_ = store::stored_hashes(log_);
  const RunInfo& run_;
  const Progress& progress_;
  store::Head head_;
  v1::Evidence file_;
  std::map<std::uint64_t, std::string> turns_;  // records of the run by index
  std::set<std::uint64_t> epochs_;
  std::size_t bytes_ = 0;
};

// The records of a file. Filled once, then read only.
class EvidenceLog final : public store::LogReader {
 public:
  explicit EvidenceLog(store::Head head) : head_(std::move(head)) {}

  void add_payload(const std::string& bytes) { payloads_[store::sha256(bytes)] = bytes; }
  void add(std::uint64_t index, const std::string& bytes) { records_[index] = bytes; }
  void add_turn(std::uint64_t index) { turns_.push_back(index); }
  void add_projection(const std::string& key, const std::string& value) {
    projections_[key] = value;
  }

  const std::map<std::uint64_t, std::string>& records() const { return records_; }

  store::Head head() const override { return head_; }
  std::optional<std::string> read(std::uint64_t index) const override {
    const auto found = records_.find(index);
    return found == records_.end() ? std::nullopt : std::optional(found->second);
  }
  void scan(std::uint64_t first, std::uint64_t end,
            const std::function<bool(const store::Record&)>& visit) const override {
    for (auto it = records_.lower_bound(first); it != records_.end() && it->first < end; ++it) {
      if (!visit({it->first, it->second})) return;
    }
  }
  void scan_run(
      std::uint64_t run, std::uint32_t first,
      const std::function<bool(std::uint32_t, const store::Record&)>& visit) const override {
    if (turns_.empty() || run != turns_.front()) return;
    for (std::uint32_t turn = first; turn < turns_.size(); ++turn) {
      if (!visit(turn, {turns_[turn], records_.at(turns_[turn])})) return;
    }
  }
  void scan_turns(const std::function<bool(store::RunTurn, std::uint64_t)>& visit) const override {
    for (std::uint32_t turn = 0; turn < turns_.size(); ++turn) {
      if (!visit({turns_.front(), turn}, turns_[turn])) return;
    }
  }
  std::optional<std::string> blob(std::uint64_t, const store::Hash& hash) const override {
    const auto found = payloads_.find(hash);
    return found == payloads_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<std::string> projection(std::string_view key) const override {
    const auto found = projections_.find(key);
    return found == projections_.end() ? std::nullopt : std::optional(found->second);
  }
  void scan_projections(
      std::string_view prefix,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    for (auto it = projections_.lower_bound(prefix);
         it != projections_.end() && it->first.starts_with(prefix); ++it) {
      if (!visit(it->first, it->second)) return;
    }
  }
  store::Hash leaf(std::uint64_t index) const override {
    const auto bytes = read(index);
    if (!bytes) throw std::out_of_range("evidence has no " + record_name(index));
    return store::leaf_hash(*bytes);
  }
  store::Hash subtree(unsigned level, std::uint64_t n) const override {
    if (level == 0) return leaf(n);
    throw std::out_of_range("evidence has no subtrees");
  }
  store::Hash root(std::uint64_t size) const override {
    if (size == head_.size) return head_.root;
    throw std::out_of_range("evidence has one root, that of its checkpoint");
  }

 private:
  store::Head head_;
  std::map<std::uint64_t, std::string> records_;
  std::vector<std::uint64_t> turns_;  // indexes of the run's records
  std::map<store::Hash, std::string> payloads_;
  std::map<std::string, std::string, std::less<>> projections_;
};

v1::Evidence parse(std::string_view file) {
  if (file.size() > max_evidence_bytes) refuse("it has more than 256 MiB");
  v1::Evidence parsed;
  const auto status = pb::util::JsonStringToMessage({file.data(), file.size()}, &parsed);
  if (!status.ok()) refuse("it does not parse: " + std::string(status.message()));
  if (parsed.format() != format) {
    throw store::Error(store::Fault::unsupported,
                       "its format is '" + parsed.format() + "', this program knows " + format);
  }
  return parsed;
}

void add_proven(EvidenceLog& log, const v1::EvidenceRecord& entry, const std::string& checkpoint) {
  const store::TlogProof proof = store::parse_tlog_proof(entry.proof());
  const std::string name = record_name(proof.index);
  if (proof.checkpoint != checkpoint) refuse("the proof of " + name + " is of another checkpoint");
  if (!log.records().empty() && proof.index <= log.records().rbegin()->first) {
    refuse(name + " is out of order");
  }
  const store::Head head = log.head();
  if (proof.index >= head.size ||
      !store::verify_inclusion(store::leaf_hash(entry.record()), proof.index,
                               {head.size, head.root}, proof.hashes)) {
    refuse(name + " is not in the log of the checkpoint");
  }
  log.add(proof.index, entry.record());
}

// Reads proven records in order, and fills the log's indexes.
class Reading {
 public:
  explicit Reading(EvidenceLog& log) : log_(log) {}

  RunInfo run() {
    if (!log_.records().contains(0)) refuse("it has no genesis");
    for (const auto& [index, bytes] : log_.records()) {
      const Decoded decoded = decode({index, bytes}, definitions_, blobs_of(log_));
      std::visit([&, at = index](const auto& d) { one(at, d); }, decoded);
      if (std::holds_alternative<Defined>(decoded)) {
        log_.add_projection(definition_key(definitions_seen_++), bytes);
      }
    }
    if (next_turn_ == 0) refuse("it has no record of a run");
    log_.add_projection(summary_key(summary_.run_id), encode(summary_));
    return std::move(summary_);
  }

 private:
  void one(std::uint64_t index, const Genesis& genesis) {
    if (index != 0 || genesis.log_id != log_.head().log_id) refuse("its genesis is another log's");
  }
  void one(std::uint64_t, const Opened& opened) { epochs_.insert(opened.epoch); }
  void one(std::uint64_t, const Defined&) {}
  template <class Other>
  void one(std::uint64_t index, const Other&) {
    refuse(record_name(index) + " is none of those that a run refers to");
  }
  void one(std::uint64_t index, const Turn& turn) {
    if (next_turn_ == 0) summary_.run = index;
    if (turn.run != summary_.run || turn.turn != next_turn_) {
      refuse(record_name(index) + " is not turn " + std::to_string(next_turn_) + " of the run");
    }
    if (!epochs_.contains(turn.epoch)) refuse(record_name(index) + " has no known writer");
    ++next_turn_;
    log_.add_turn(index);
    if (fold(summary_, turn)) summary_.as_of = index;
  }

  EvidenceLog& log_;
  Definitions definitions_;
  RunSummary summary_;
  std::uint32_t definitions_seen_ = 0;
  std::uint32_t next_turn_ = 0;
  std::set<std::uint64_t> epochs_;
};

}  // namespace

std::string make_evidence(const store::LogReader& log, const RunInfo& run,
                          std::string_view checkpoint, const Progress& progress) {
  const v1::Evidence file = Collector(log, run, checkpoint, progress).collect();
  std::string json;
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = true;
  if (!pb::util::MessageToJsonString(file, &json, options).ok()) {
    throw std::logic_error("evidence cannot be written as JSON");
  }
  return json;
}

Evidence open_evidence(std::string_view file, const Progress& progress) {
  const v1::Evidence parsed = parse(file);
  Evidence evidence;
  evidence.checkpoint = parsed.checkpoint();
  evidence.head = store::from_checkpoint(parsed.checkpoint());
  auto log = std::make_unique<EvidenceLog>(evidence.head);
  for (const std::string& bytes : parsed.payloads()) log->add_payload(bytes);
  std::uint64_t proven = 0;
  for (const auto& entry : parsed.records()) {
    add_proven(*log, entry, evidence.checkpoint);
    if (progress) progress(++proven, static_cast<std::uint64_t>(parsed.records_size()));
  }
  evidence.run = Reading(*log).run();
  if (evidence.run.run_id != parsed.run_id()) {
    refuse("it says run " + parsed.run_id() + ", its records are of run " + evidence.run.run_id);
  }
  evidence.ended = has_ended(evidence.run.state);
  evidence.log = std::move(log);
  return evidence;
}

}  // namespace ratchet::engine
