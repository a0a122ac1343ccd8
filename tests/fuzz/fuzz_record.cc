// Any bytes as a record: an event, or a typed refusal. What was decoded can be encoded again.
#include <cstdint>
#include <string>

#include <google/protobuf/stubs/logging.h>

#include "engine/core/codec.h"
#include "engine/core/summary.h"

namespace {

using namespace ratchet;

void decode_one(const store::Record& record) {
  engine::Definitions definitions;
  const auto no_blob = [](std::uint64_t, const store::Hash&) -> std::optional<std::string> {
    return std::nullopt;
  };
  const engine::Decoded decoded = engine::decode(record, definitions, no_blob);
  if (const auto* turn = std::get_if<engine::Turn>(&decoded)) {
    engine::RunSummary summary;
    engine::fold(summary, *turn);
    engine::decode_summary(engine::encode(summary));
  }
}

}  // namespace

// Protobuf would say of each of a million inputs that it is bad.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    decode_one({size, bytes});
    engine::decode_summary(bytes);
  } catch (const store::Error&) {
    return 0;  // the typed refusal
  }
  return 0;
}
