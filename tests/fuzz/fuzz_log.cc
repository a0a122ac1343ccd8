// Any bytes as a log: verify and replay give a result or refuse with a typed error, twice the same.
#include <cstdint>
#include <cstdlib>
#include <sstream>

#include <google/protobuf/stubs/logging.h>

#include "engine/inspect/replay.h"
#include "engine/inspect/verify.h"
#include "tests/engine/travel.h"
#include "tests/fuzz/log_input.h"

namespace {

using namespace ratchet;

std::string outcome(store::KeyValueLog& log, const store::KeyValues& pairs) {
  static const auto registry = [] {
    engine::Registry types;
    types.add("travel", 1, engine::testing::travel);
    return types;
  }();
  std::ostringstream all;
  try {
    const store::LogReader& reader = log.load(pairs);
    for (const std::string& problem : engine::verify(reader).problems) all << problem << "\n";
    for (const engine::ReplayReport& report : engine::replay_all(reader, registry)) {
      all << report.turns << (report.divergence ? report.divergence->text() : "") << "\n";
    }
  } catch (const store::Error& error) {
    all << error.what();
  }
  return all.str();
}

}  // namespace

// Protobuf would say of each of a million inputs that it is bad.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static store::KeyValueLog log;
  const auto pairs = fuzz::log_from({reinterpret_cast<const char*>(data), size});
  if (outcome(log, pairs) != outcome(log, pairs)) std::abort();
  return 0;
}
