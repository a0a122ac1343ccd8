// record_histories FOLDER   runs today's workflows and writes those histories that FOLDER
// (tests/histories) does not hold yet. A file that is there is never written again: its runs were
// recorded by a build that somebody may have used. A workflow that got a new version, or a variant
// that is new, gets a file of its own in histories.cc.
// record_histories --of LOG   prints the log in a folder as such a file: that of tools/demo is kept
// in update_version-1-real.history.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "store/rocks_log.h"
#include "tests/engine/recording.h"
#include "tests/histories/histories.h"
#include "tests/histories/history_text.h"

int main(int argc, char** argv) {
  using namespace ratchet;
  using namespace ratchet::engine::testing;
  if (argc == 3 && std::string(argv[1]) == "--of") {
    std::cout << to_text(*store::open_rocks_reader(argv[2]));
    return 0;
  }
  if (argc != 2) {
    std::cerr << "record_histories FOLDER\nrecord_histories --of LOG\n";
    return 2;
  }
  for (const Recording& recording : recordings()) {
    const std::filesystem::path file = std::filesystem::path(argv[1]) / recording.file;
    if (std::filesystem::exists(file)) continue;
    Outside outside(memory_disk_of(std::make_shared<store::MemoryDisk>("golden history 1")));
    recording.record(outside);
    std::ofstream(file) << to_text(*reader_of(outside));
    std::cout << "recorded " << file.string() << "\n";
  }
  return 0;
}
