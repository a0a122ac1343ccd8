// What `verify` and `replay` say of damaged logs, in a process of its own: RocksDB checks what it
// reads by assertions too, and Debian's build of it ends the process when one does not hold.
//   examine ANCHOR    then a line each on standard input: "read FOLDER", as ratchetctl opens it, or
//                     "write FOLDER", as the daemon does; the answer is a line on standard output
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "engine/inspect/replay.h"
#include "engine/inspect/verify.h"
#include "store/anchor_check.h"
#include "store/checkpoint.h"
#include "store/merkle.h"
#include "store/rocks_log.h"
#include "tests/crash/examiner.h"
#include "tests/crash/trip.h"

namespace ratchet::crash {
namespace {

std::string say(const store::LogReader& log, const store::Head& anchor) {
  std::ostringstream all;
  const engine::VerifyReport verified = engine::verify(log, anchor);
  if (!verified.ok()) return found;
  std::ostringstream counts;
  counts << verified.records << " records, " << verified.runs << " runs, " << verified.events
         << " events, ";
  all << store::to_checkpoint(verified.head);
  for (const engine::ReplayReport& report : engine::replay_all(log, trips())) {
    if (report.divergence) return found;
    all << report.run.run_id << " " << report.turns << " turns, " << report.events << " events\n";
  }
  log.scan(0, log.head().size, [&](const store::Record& record) {
    all << record.index << " " << record.bytes << "\n";
    return true;
  });
  const store::Hash all_of_it = store::sha256(all.str());
  return counts.str() + store::to_hex({reinterpret_cast<const char*>(all_of_it.data()), 32});
}

std::unique_ptr<store::Log> opened(const std::string& folder) {
  try {
    return store::open_rocks_log(folder);
  } catch (const std::exception&) {
    return nullptr;
  }
}

std::string examine(const std::string& way, const std::string& folder, const store::Head& anchor) {
  try {
    if (way == "read") return say(*store::open_rocks_reader(folder), anchor);
    const auto log = opened(folder);
    if (!log) return refused;
    store::check_extends(*log, anchor);
    return say(*log, anchor);
  } catch (const std::exception&) {
    return found;
  }
}

int run(const char* anchor_file) {
  std::ostringstream text;
  text << std::ifstream(anchor_file).rdbuf();
  const store::Head anchor = store::from_checkpoint(text.str());
  std::string way;
  std::string folder;
  while (std::cin >> way >> folder) std::cout << examine(way, folder, anchor) << std::endl;
  return 0;
}

}  // namespace
}  // namespace ratchet::crash

int main(int argc, char** argv) {
  if (argc != 2) return 1;
  return ratchet::crash::run(argv[1]);
}
