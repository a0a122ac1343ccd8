// A log in memory with the contract of store/log.h, for tests and simulation: asynchronous, but on
// one thread and deterministic. Its disk survives it, so a crash is the log's destruction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/log.h"
#include "store/merkle.h"

namespace ratchet::store {

// What is durable. Share it between the logs of successive "processes". Thread-safe.
class MemoryDisk {
 public:
  explicit MemoryDisk(std::string log_id = random_log_id());

  // What a backup of this moment would hold; restoring it is a rollback.
  std::shared_ptr<MemoryDisk> copy() const;

  // The next group fails. A failed append means *unknown*: `lands` says what the disk holds.
  void fail_next_append(bool lands);

 private:
  friend class MemoryLog;
  enum class Fail { no, lost, lands };
  struct Content {
    Head head;
    Tree tree;
    std::vector<std::optional<std::string>> records;  // absent: pruned
    std::vector<std::vector<Hash>> hashes;            // by level; level 0 are the leaves
    std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> runs;  // indexes by turn
    std::map<std::pair<std::uint64_t, Hash>, std::string> blobs;
    std::map<std::string, std::string, std::less<>> projections;
  };

  static std::string random_log_id();
  bool append(std::vector<Entry>& group, std::uint64_t epoch);
  void apply(Entry& entry);
  void prune(std::uint64_t run);
  StoredHashes stored_hashes() const;  // of content_, while mutex_ is held

  mutable std::mutex mutex_;
  Content content_;
  Fail fail_ = Fail::no;
  bool has_writer_ = false;
};

class MemoryLog final : public Log {
 public:
  // Runs a task later, never within the call. What has been submitted by then is one group.
  using Post = std::function<void(std::function<void()>)>;

  // Throws Fault::locked while another MemoryLog has the disk. Posted tasks may outlive the log;
  // then they do nothing.
  MemoryLog(std::shared_ptr<MemoryDisk> disk, Post post);
  ~MemoryLog() override;

  Head head() const override;
  std::optional<std::string> read(std::uint64_t index) const override;
  void scan(std::uint64_t first, std::uint64_t end,
            const std::function<bool(const Record&)>& visit) const override;
  void scan_run(std::uint64_t run, std::uint32_t first,
                const std::function<bool(std::uint32_t turn, const Record&)>& visit) const override;
  void scan_turns(const std::function<bool(RunTurn at, std::uint64_t index)>& visit) const override;
  std::optional<std::string> blob(std::uint64_t run, const Hash& hash) const override;
  std::optional<std::string> projection(std::string_view key) const override;
  void scan_projections(std::string_view prefix,
                        const std::function<bool(std::string_view key, std::string_view value)>&
                            visit) const override;
  Hash leaf(std::uint64_t index) const override;
  Hash subtree(unsigned level, std::uint64_t n) const override;
  Hash root(std::uint64_t size) const override;

  void listen(Listener listener) override;
  std::uint64_t begin_epoch() override;

  // As the contract says, but where the contract blocks (a single thread cannot) it throws
  // Fault::io: the owner never runs the posted tasks.
  std::uint64_t submit(Entry entry) override;
  std::uint64_t next_index() const override;

 private:
  struct Writer;
  static void complete_group(Writer& writer);

  std::shared_ptr<MemoryDisk> disk_;
  std::shared_ptr<Writer> writer_;  // posted tasks hold it weakly
};

}  // namespace ratchet::store
