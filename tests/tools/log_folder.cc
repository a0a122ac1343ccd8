#include "tests/tools/log_folder.h"

#include <cstdlib>
#include <stdexcept>

#include "engine/core/codec.h"
#include "store/rocks_log.h"

namespace ratchet::ratchetctl {

namespace fs = std::filesystem;

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "ratchetctl-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder " + name);
  at_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(at_, ignored);
}

std::string make_log(const std::string& dir) { return store::open_rocks_log(dir)->head().log_id; }

store::Entry Copier::entry(const std::string& record, const std::string& log_id) {
  store::Entry entry;
  entry.record = record;
  const engine::Decoded decoded =
      engine::decode({next_, record}, definitions_, engine::blobs_of(from_));
  if (const auto* turn = std::get_if<engine::Turn>(&decoded)) {
    entry.turn = store::RunTurn{turn->run, turn->turn};
    engine::RunSummary& summary = summaries_[turn->run];
    summary.run = turn->run;
    if (engine::fold(summary, *turn)) {
      summary.as_of = next_;
      entry.projections.push_back({engine::summary_key(summary.run_id), engine::encode(summary)});
    }
    engine::OpenRun& open = open_runs_[turn->run];
    if (open.fold(*turn)) {
      entry.projections.push_back({engine::open_run_key(turn->run), open.encode()});
    }
  } else if (const auto* genesis = std::get_if<engine::Genesis>(&decoded)) {
    if (genesis->log_id != log_id) {
      entry.record = engine::encode(engine::Genesis{genesis->format_level, log_id, genesis->wall});
    }
  } else if (const auto* defined = std::get_if<engine::Defined>(&decoded)) {
    entry.projections.push_back({engine::definition_key(defined->id), record});
  } else if (const auto* opened = std::get_if<engine::Opened>(&decoded)) {
    entry.projections.push_back({std::string(engine::build_key), opened->build});
  }
  return entry;
}

void Copier::copy(store::Log& to, std::uint64_t end) {
  const std::string log_id = to.head().log_id;
  for (; next_ < end; ++next_) to.submit(entry(*from_.read(next_), log_id));
}

}  // namespace ratchet::ratchetctl
