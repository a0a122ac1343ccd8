// A RocksDB log in a folder of its own, filled from a log in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "engine/core/definitions.h"
#include "engine/core/open_run.h"
#include "engine/core/summary.h"
#include "store/log.h"

namespace ratchet::ratchetctl {

class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path(const std::string& name) const { return (at_ / name).string(); }

 private:
  std::filesystem::path at_;
};

// Appends the records of one log to another, with the projections that belong to them, as the
// engine wrote them. May be done in portions.
class Copier {
 public:
  // Both outlive the copier. `to` has none of its records yet. If it has another log id, then so
  // has its first record, and every hash of its tree is another.
  explicit Copier(const store::LogReader& from) : from_(from) {}
  // Appends the records up to index `end`.
  void copy(store::Log& to, std::uint64_t end);
  void copy_all(store::Log& to) { copy(to, from_.head().size); }

 private:
  // `log_id`: of the log that it goes to.
  store::Entry entry(const std::string& record, const std::string& log_id);

  const store::LogReader& from_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, engine::RunSummary> summaries_;
  std::map<std::uint64_t, engine::OpenRun> open_runs_;
  engine::Definitions definitions_;
};

// The id that the log in `dir` drew when it was made by this call.
std::string make_log(const std::string& dir);

}  // namespace ratchet::ratchetctl
