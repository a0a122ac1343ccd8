// seeds FOLDER: what the fuzzers begin with, as files: FOLDER/record has the records of a run that
// saw much, FOLDER/log the log that holds them.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "engine/core/codec.h"
#include "tests/engine/recording.h"
#include "tests/fuzz/log_input.h"

namespace {

using namespace ratchet;
namespace fs = std::filesystem;

void write_seeds(const fs::path& folder) {
  engine::testing::Outside outside;
  outside.disk =
      engine::testing::memory_disk_of(std::make_shared<store::MemoryDisk>(std::string(16, 'i')));
  engine::testing::record_lisbon(outside);
  const auto log = engine::testing::reader_of(outside);
  engine::Definitions definitions;
  fs::create_directories(folder / "record");
  fs::create_directories(folder / "log");
  const auto turn_of = [&](const store::Record& record) -> std::optional<store::RunTurn> {
    std::ofstream(folder / "record" / std::to_string(record.index)) << record.bytes;
    const auto decoded = engine::decode(record, definitions, engine::blobs_of(*log));
    const auto* turn = std::get_if<engine::Turn>(&decoded);
    if (turn == nullptr) return std::nullopt;
    return store::RunTurn{turn->run, turn->turn};
  };
  std::ofstream(folder / "log" / "lisbon") << fuzz::bytes_of(store::key_values_of(*log, turn_of));
}

}  // namespace

int main(int, char** argv) {
  try {
    write_seeds(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "no seeds: " << error.what() << "\n";
    return 1;
  }
}
