// The contract of the log: an append-only sequence of records that is a Merkle tree (RFC 6962),
// with the payloads and projections that belong to them. docs/LOG_FORMAT.md describes the bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ratchet::store {

using Hash = std::array<std::uint8_t, 32>;

// A record is one entry of the public tiles format, whose length field has 16 bits
// (c2sp.org/tlog-tiles); larger payloads move out as blobs.
inline constexpr std::size_t max_record_bytes = 65'535;
inline constexpr std::size_t max_blob_bytes = std::size_t{1} << 20;

enum class Fault {
  not_a_log,   // the directory holds something else, or nothing
  locked,      // another process has the log open for writing
  corrupt,     // bytes do not mean what they must; never repaired silently
  io,          // the file system refused
  halted,      // an earlier append failed; this process appends nothing more
  unsupported  // a format level newer than this build
};

// A failure of the store. The message says what, where and what to do.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& what) : std::runtime_error(what), fault_(fault) {}
  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

// The state of the log after a synced group. It is no record: each group overwrites one key.
struct Head {
  std::string log_id;  // 16 random bytes, drawn when the log was created
  std::uint64_t size = 0;
  Hash root{};              // tree hash of the first `size` records (RFC 6962 §2.1)
  std::uint64_t epoch = 0;  // how often a writer has opened the log

  bool operator==(const Head&) const = default;
};

// Where a record belongs. A run is named by the index of its first record; turns count from 0.
struct RunTurn {
  std::uint64_t run = 0;
  std::uint32_t turn = 0;

  bool operator==(const RunTurn&) const = default;
};

// A payload that did not fit into its record. It is written under B|run|hash with its record.
struct Blob {
  Hash hash{};  // SHA-256 of bytes
  std::string bytes;
};

// One write to the projections: derived data that can be rebuilt from the records.
// Absent value: erase. Keys are the engine's own; they live under a prefix of their own.
struct ProjectionWrite {
  std::string key;
  std::optional<std::string> value;
};

// Removes the records, turns and blobs of a run. Their leaf hashes stay: every proof stays valid.
struct Prune {
  std::uint64_t run = 0;
  std::uint32_t turns = 0;  // all that it has
};

// What one append adds, atomically.
struct Entry {
  std::string record;           // the leaf's bytes, at most max_record_bytes; stored as they are
  std::optional<RunTurn> turn;  // absent: a record of the log itself (definition, epoch, …);
                                // turn 0 must name the record's own index as its run
  std::vector<Blob> blobs;      // belong to turn->run
  std::vector<ProjectionWrite> projections;
  std::optional<Prune> prunes;  // a run that has ended: nothing may be appended to it any more
};

struct Record {
  std::uint64_t index = 0;
  std::string bytes;
};

// What can be read from a log: a live one, a copy, or a live one from another process.
// Reads show durable records only. Thread-safe. Failures throw store::Error; an iterator's
// status is always checked, so that damage never looks like the end of the log.
class LogReader {
 public:
  LogReader() = default;
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;
  virtual ~LogReader() = default;

  // The last durable head.
  virtual Head head() const = 0;

  // The record at `index`, or nothing if it was pruned (its leaf hash remains) or is not durable.
  // Throws Fault::corrupt if index < size and neither record nor leaf hash is there.
  virtual std::optional<std::string> read(std::uint64_t index) const = 0;

  // Calls `visit` for the durable records first … end-1 in order until it returns false.
  // Pruned records are left out.
  virtual void scan(std::uint64_t first, std::uint64_t end,
                    const std::function<bool(const Record&)>& visit) const = 0;

  // The same for the turns of one run, from turn `first` on. A gap between turns is corrupt.
  virtual void scan_run(
      std::uint64_t run, std::uint32_t first,
      const std::function<bool(std::uint32_t turn, const Record&)>& visit) const = 0;

  // Calls `visit` for the turns of all runs, by run and then by turn, with the index of each one's
  // record, until it returns false. No record is read, which makes it cheap; whether the records
  // say the same is for the caller to compare.
  virtual void scan_turns(
      const std::function<bool(RunTurn at, std::uint64_t index)>& visit) const = 0;

  virtual std::optional<std::string> blob(std::uint64_t run, const Hash& hash) const = 0;

  virtual std::optional<std::string> projection(std::string_view key) const = 0;
  virtual void scan_projections(
      std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;

  // The hash of leaf `index`: of its record's bytes, or the stored one if it was pruned.
  // Throws std::out_of_range if index >= head().size.
  virtual Hash leaf(std::uint64_t index) const = 0;

  // The stored hash of the n-th subtree of 256^level records, from which proofs and tiles are made
  // (store/merkle.h); level 0 are the leaves. Throws std::out_of_range unless the subtree is full.
  virtual Hash subtree(unsigned level, std::uint64_t n) const = 0;

  // The root of the tree of the first `size` records, computed from stored subtree hashes and at
  // most 255 reads a level. Throws std::out_of_range if size > head().size.
  virtual Hash root(std::uint64_t size) const = 0;

  // Catches up with a log that another process writes; all others are always up to date.
  // On failure what was visible before stays so.
  virtual void refresh() {}
};

// Told about durability. Called on the log's writer thread (MemoryLog: where its owner says), one
// call a synced group, in order; both must be cheap and must not call back into the log's writing
// side (reading is fine). After `halted` there is no further call.
struct Listener {
  std::function<void(std::uint64_t durable_size)> durable;
  std::function<void(const std::string& why)> halted;
};

// A log open for writing by this process. One thread submits; the log writes and syncs on another.
// Everything that is ready when the writer is free goes into one write and one sync. Destroying a
// log that is not halted writes what is queued first (MemoryLog does not: that is its crash).
class Log : public LogReader {
 public:
  // Before the first submit. What the listener captures must outlive the log, or the listener be
  // replaced; after the replacement the old one is called no more.
  virtual void listen(Listener listener) = 0;

  // Counts this writer: epoch = last epoch + 1, durable with the next group. Call once, before the
  // first submit. Returns the new epoch.
  virtual std::uint64_t begin_epoch() = 0;

  // Queues an entry behind all earlier ones and returns the index that it will have. Blocks while
  // the bounded queue is full. The entry is durable when Listener::durable has reported a size
  // greater than its index; nothing may leave the process before that.
  // Throws Fault::halted after a failed append (a failed append means *unknown*, so nothing is
  // ever retried), std::invalid_argument if the entry breaks a limit, is not the next turn of its
  // run, or prunes one whose turns are not all durable; then nothing was queued.
  virtual std::uint64_t submit(Entry entry) = 0;

  // Size including queued entries: the index of the next submit.
  virtual std::uint64_t next_index() const = 0;
};

}  // namespace ratchet::store
