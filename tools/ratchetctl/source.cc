#include "tools/ratchetctl/source.h"

#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "store/checkpoint.h"
#include "store/note.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/approvers.h"

namespace ratchet::ratchetctl {

namespace {
constexpr std::chrono::seconds longest_unreadable{5};
constexpr std::size_t most_listed = 5;

std::string list(const std::vector<engine::RunInfo>& runs) {
  std::string text;
  for (std::size_t i = 0; i < runs.size() && i < most_listed; ++i) {
    text += (i == 0 ? "" : ", ") + runs[i].run_id;
  }
  return text + (runs.size() > most_listed ? ", …" : "");
}
}  // namespace

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw WrongInput("cannot read " + file);
  return content;
}

store::Head checkpoint_in(const std::string& file, const std::string& key) {
  const std::string text = content_of(file);
  try {
    if (!key.empty()) {
      store::require_signature(store::parse_note(text), store::NoteVerifier::parse(key));
    }
    return store::from_checkpoint(text);
  } catch (const store::Error& error) {
    throw WrongInput(file + " does not do: " + error.what());
  }
}

engine::Approvers approvers_named(const std::string& folder) {
  try {
    return approvers_in(folder);
  } catch (const std::invalid_argument& error) {
    throw WrongInput(error.what());
  }
}

engine::Time time_in(const std::string& text) {
  for (const char* format : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"}) {
    tm parts{};
    const char* end = strptime(text.c_str(), format, &parts);
    if (end != nullptr && *end == '\0') return engine::Time{std::chrono::seconds{timegm(&parts)}};
  }
  throw WrongInput("'" + text + "' is no time: write 2026-11-25 or 2026-11-25T12:30:00Z (UTC)");
}

std::optional<engine::RunInfo> look_up(const store::LogReader& log, const RunName& name) {
  if (!name.last) {
    if (auto exact = engine::find_run(log, name.prefix)) return exact;
  }
  std::vector<engine::RunInfo> runs = engine::list_runs(log);
  if (name.last) return runs.empty() ? std::nullopt : std::optional(std::move(runs.back()));
  std::erase_if(runs, [&](const auto& run) { return !run.run_id.starts_with(name.prefix); });
  if (runs.size() > 1) {
    throw NotFound("'" + name.prefix + "' begins the ids of " + std::to_string(runs.size()) +
                   " runs (" + list(runs) + "): give more of it");
  }
  return runs.empty() ? std::nullopt : std::optional(std::move(runs.front()));
}

engine::RunInfo find_run(const store::LogReader& log, const RunName& name) {
  if (auto run = look_up(log, name)) return std::move(*run);
  if (name.last) throw NotFound("the log has no runs yet");
  throw NotFound("the log has no run '" + name.prefix +
                 "': `ratchetctl runs` lists those that it has");
}

const store::LogReader* LiveLog::poll() {
  try {
    if (log_ == nullptr) {
      log_ = store::open_rocks_reader(dir_);
    } else {
      log_->refresh();
    }
    unreadable_since_.reset();
    return log_.get();
  } catch (const store::Error& error) {
    log_.reset();
    if (error.fault() == store::Fault::not_a_log) return nullptr;
    const auto now = std::chrono::steady_clock::now();
    if (!unreadable_since_) unreadable_since_ = now;
    if (now - *unreadable_since_ > longest_unreadable) throw;
    return nullptr;
  }
}

}  // namespace ratchet::ratchetctl
