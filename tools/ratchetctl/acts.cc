#include "tools/ratchetctl/acts.h"

#include "store/checkpoint.h"
#include "tools/ratchetctl/approvers.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

std::vector<std::string> acts_of(const std::vector<engine::RecordedEvent>& events) {
  std::vector<std::string> acts;
  for (const auto& event : events) {
    if (const auto* started = std::get_if<engine::RunStarted>(&event.event)) {
      acts.push_back(utc(event.wall) + " started by " + started->principal);
    } else if (const auto* sent = std::get_if<engine::SignalReceived>(&event.event)) {
      acts.push_back(utc(event.wall) + " signal " + sent->signal + " by " + sent->principal +
                     (sent->reason.empty() ? "" : ": " + sent->reason));
    } else if (const auto* note = std::get_if<engine::Note>(&event.event)) {
      acts.push_back(utc(event.wall) + " note by " + note->principal + ": " + note->text);
    } else if (const auto* decided = std::get_if<engine::GateDecided>(&event.event)) {
      acts.push_back(utc(event.wall) + (decided->approved ? " approved: " : " denied: ") +
                     event.name + ", payload " + store::to_hex(decided->payload_hash) + ": " +
                     text_of(decided->by) + signature_words(decided->signature));
    } else if (const engine::By* by = engine::by_of(event.event)) {
      acts.push_back(utc(event.wall) + " " + engine::name_of(event.event) + ": " + text_of(*by));
    }
  }
  return acts;
}

}  // namespace ratchet::ratchetctl
