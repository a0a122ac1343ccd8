#include "engine/core/codec_size.h"

#include <stdexcept>
#include <string>

#include "engine/core/run.h"
#include "ratchet/v1/log.pb.h"
#include "store/log.h"

namespace ratchet::engine {

void refuse_size(const v1::Turn& encoded, const Turn& turn, std::size_t bytes) {
  int largest = 0;
  for (int i = 1; i < encoded.events_size(); ++i) {
    if (encoded.events(i).ByteSizeLong() > encoded.events(largest).ByteSizeLong()) largest = i;
  }
  const Event& event = turn.events.at(static_cast<std::size_t>(largest));
  const bool decided = class_of(event) == EventClass::command;
  throw std::length_error(
      "a turn does not fit into a record: of its " + std::to_string(encoded.events_size()) +
      " events " + std::to_string(bytes) + " bytes remain when payloads have moved out, " +
      std::to_string(store::max_record_bytes) + " at most may, and a payload has " +
      std::to_string(store::max_blob_bytes) + " at most; the largest is " +
      (decided ? describe(event) : name_of(event)) + ", " +
      std::to_string(encoded.events(largest).ByteSizeLong()) + " bytes");
}

}  // namespace ratchet::engine
