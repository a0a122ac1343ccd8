// The log that a command reads, and the run that its user means.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "engine/core/approval.h"
#include "engine/inspect/history.h"
#include "store/log.h"

namespace ratchet::ratchetctl {

// The user named something that is not there.
class NotFound : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A file that the user named is not what it must be.
class WrongInput : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The content of a file. Throws WrongInput.
std::string content_of(const std::string& file);

// The checkpoint in a file, `key` (a public one) having signed it if it is not empty.
// Throws WrongInput.
store::Head checkpoint_in(const std::string& file, const std::string& key = "");

// The approvers whose public keys are in a folder. Throws WrongInput.
engine::Approvers approvers_named(const std::string& folder);

// A date or time, UTC: 2026-11-25 or 2026-11-25T12:30:00Z. Throws WrongInput.
engine::Time time_in(const std::string& text);

// A run as named on the command line: an id, a prefix of one, or the last run.
struct RunName {
  std::string prefix;
  bool last = false;
};

// Nothing if there is no such run. Throws NotFound, listing them, if several ids start with it.
std::optional<engine::RunInfo> look_up(const store::LogReader& log, const RunName& name);
// The same, but a run that is not there throws NotFound too.
engine::RunInfo find_run(const store::LogReader& log, const RunName& name);

// A log that may be written meanwhile, and whose writer may die and come back.
class LiveLog {
 public:
  explicit LiveLog(std::string dir) : dir_(std::move(dir)) {}

  // The log as it is now; null while there is none yet, or while it cannot be read for a moment.
  // Throws store::Error once it could not be read for some seconds.
  const store::LogReader* poll();

 private:
  std::string dir_;
  std::unique_ptr<store::LogReader> log_;
  std::optional<std::chrono::steady_clock::time_point> unreadable_since_;
};

}  // namespace ratchet::ratchetctl
