#include "tools/ratchetctl/planned.h"

#include "store/checkpoint.h"
#include "store/merkle.h"
#include "tools/ratchetctl/approvers.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

std::string hex_hash_of(const engine::Bytes& bytes) {
  const store::Hash hash = store::sha256(bytes);
  return store::to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

}  // namespace

std::optional<Planned> plan_in(const std::vector<engine::RecordedEvent>& events) {
  Planned out;
  for (const engine::RecordedEvent& event : events) {
    const auto* done = std::get_if<engine::StepCompleted>(&event.event);
    if (done != nullptr && event.name == "make_plan") {
      out.hash = hex_hash_of(done->result);
      out.plan = payload_in(event.payloads.output);
    } else if (std::holds_alternative<engine::GateOpened>(event.event)) {
      out.decision = "waits for approval since " + utc(event.wall);
    } else if (const auto* said = std::get_if<engine::GateDecided>(&event.event)) {
      out.decision = (said->approved ? "approved: " : "denied: ") + text_of(said->by) +
                     signature_words(said->signature) + ", " + utc(event.wall);
    }
  }
  if (out.hash.empty()) return std::nullopt;
  return out;
}

Document findings_in(const std::vector<engine::RecordedEvent>& events) {
  Document found = Document::array();
  for (const engine::RecordedEvent& event : events) {
    const bool done = std::holds_alternative<engine::StepCompleted>(event.event);
    if (!done || event.name != "look_at_database") continue;
    found = list_in(payload_in(event.payloads.output), "findings");
  }
  return found;
}

Document payload_in(const std::string& json) {
  return json.empty() ? Document::object() : Document::parse(json);
}

std::string text_in(const Document& object, const char* key) {
  if (!object.contains(key)) return "";
  const Document& value = object[key];
  return one_line(value.is_string() ? value.get<std::string>() : value.dump());
}

const Document& list_in(const Document& object, const char* key) {
  static const Document none = Document::array();
  return object.contains(key) ? object[key] : none;
}

}  // namespace ratchet::ratchetctl
