#include "tools/ratchetctl/documents.h"

#include <yaml-cpp/yaml.h>

#include "engine/core/run.h"
#include "store/base64.h"
#include "store/checkpoint.h"
#include "tools/ratchetctl/divergence.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

Document document_of(const engine::Failure& failure) {
  return {{"code", failure.code}, {"message", failure.message}};
}

Document document_of(const engine::By& by) {
  return {{"principal", by.principal}, {"reason", by.reason}};
}

const char* name_of(engine::EventClass event_class) {
  switch (event_class) {
    case engine::EventClass::completion:
      return "completion";
    case engine::EventClass::command:
      return "command";
    case engine::EventClass::hint:
      return "hint";
  }
  return "unknown";
}

const char* name_of(engine::Verdict verdict) {
  switch (verdict) {
    case engine::Verdict::done:
      return "done";
    case engine::Verdict::not_done:
      return "not_done";
    case engine::Verdict::unknown:
      break;
  }
  return "unknown";
}

// What an event has beyond its command, name and payloads.
class Details {
 public:
  explicit Details(Document& document) : to_(document) {}

  void operator()(const engine::RunStarted& e) {
    to_["version"] = e.version;
    to_["principal"] = e.principal;
    origin(*e.origin);
    for (const engine::SignalReceived& signal : e.signals) {
      to_["signals"].push_back({{"signal", signal.signal},
                                {"principal", signal.principal},
                                {"value_base64", store::to_base64(signal.value)}});
    }
  }
  void operator()(const engine::ChildStarted& e) { to_["child"] = e.run_id; }
  void operator()(const engine::ChildEnded& e) {
    to_["child"] = e.run_id;
    if (e.failure) to_["failure"] = document_of(*e.failure);
  }
  void operator()(const engine::ContinuedAsNew& e) { to_["next_run"] = e.run_id; }
  void operator()(const engine::Reset& e) {
    to_["next_run"] = e.run_id;
    to_["kept"] = e.kept;
    by(e.by);
  }
  void operator()(const engine::GateOpened& e) {
    to_["payload_hash"] = store::to_hex(engine::hash_of(e));
  }
  void operator()(const engine::GateDecided& e) {
    answer(e);
    if (!e.signature) return;
    to_["signature"] = {{"signer", e.signature->signer},
                        {"base64", store::to_base64(e.signature->bytes)}};
  }
  void operator()(const engine::GateRejected& e) { answer(e); }
  void operator()(const engine::StepCompleted& e) {
    to_["attempts"] = e.attempts;
    to_["found_done"] = e.found_done;
  }
  void operator()(const engine::StepFailed& e) {
    to_["attempts"] = e.attempts;
    to_["failure"] = document_of(e.failure);
  }
  void operator()(const engine::SignalReceived& e) {
    to_["principal"] = e.principal;
    if (!e.reason.empty()) to_["reason"] = e.reason;
    to_["value_base64"] = store::to_base64(e.value);  // the log has no type for it
  }
  void operator()(const engine::TimerStarted& e) { to_["due"] = utc(e.due); }
  void operator()(const engine::RunFailed& e) {
    to_["failure"] = document_of(e.failure);
    if (e.by_engine) to_["by_engine"] = true;
  }
  void operator()(const engine::AttemptFailed& e) {
    to_["attempt"] = e.attempt;
    to_["failure"] = document_of(e.failure);
    to_["unrecorded"] = e.unrecorded;
    if (e.unrecorded > 0) to_["unrecorded_digest"] = store::to_hex(e.unrecorded_digest);
  }
  void operator()(const engine::Probed& e) {
    to_["verdict"] = name_of(e.verdict);
    to_["why"] = e.why;
  }
  void operator()(const engine::Diverged& e) {
    to_["diverged_turn"] = e.turn;
    to_["difference"] = e.difference;
  }
  void operator()(const engine::Note& e) {
    to_["principal"] = e.principal;
    to_["text"] = e.text;
  }
  void operator()(const engine::Held& e) {
    std::visit([this](const auto& fact) { to_["held"] = engine::name_of(engine::Event{fact}); },
               e.fact);
    std::visit(*this, e.fact);
  }
  void operator()(const engine::LateFact& e) {
    std::visit([this](const auto& fact) { to_["late"] = engine::name_of(engine::Event{fact}); },
               e.fact);
    std::visit(*this, e.fact);
  }
  void operator()(const engine::StepSkipped& e) {
    if (e.failure) to_["failure"] = document_of(*e.failure);
    by(e.by);
  }
  void operator()(const engine::PatchMarked& e) { to_["deprecated"] = e.deprecated; }
  void operator()(const engine::QuarantineLifted& e) { to_["lifted_by_build"] = e.build; }
  template <class E>
  void operator()(const E& e) {
    if constexpr (requires { e.by; }) by(e.by);
  }

 private:
  void origin(const engine::Origin& origin) {
    if (!origin.key.empty()) to_["key"] = origin.key;
    if (origin.kept > 0) to_["kept"] = origin.kept;
    if (!origin.parent.empty()) to_["parent"] = origin.parent;
    if (!origin.parent.empty()) to_["parent_command"] = origin.parent_command;
    if (!origin.previous.empty()) to_["previous"] = origin.previous;
  }
  template <class E>
  void answer(const E& e) {
    to_["approved"] = e.approved;
    to_["payload_hash"] = store::to_hex(e.payload_hash);
    by(e.by);
  }
  void by(const engine::By& by) {
    to_["principal"] = by.principal;
    to_["reason"] = by.reason;
  }

  Document& to_;
};

void add_payload(Document& document, const char* key, const std::string& json) {
  if (!json.empty()) document[key] = Document::parse(json);
}

void emit(YAML::Emitter& out, const Document& value);

// Plain where YAML reads the same string back, else quoted.
void emit_text(YAML::Emitter& out, const std::string& text) {
  bool other = text.empty();
  for (const char* word : {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan"}) {
    other = other || std::equal(text.begin(), text.end(), word, word + std::string(word).size(),
                                [](char a, char b) { return (a | 0x20) == b; });
  }
  const bool like_a_word = !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0;
  if (other || !like_a_word) {
    out << YAML::DoubleQuoted;
  }
  out << text;
}

void emit_object(YAML::Emitter& out, const Document& object) {
  out << YAML::BeginMap;
  for (const auto& [key, value] : object.items()) {
    out << YAML::Key;
    emit_text(out, key);
    out << YAML::Value;
    emit(out, value);
  }
  out << YAML::EndMap;
}

void emit(YAML::Emitter& out, const Document& value) {
  if (value.is_object()) {
    emit_object(out, value);
  } else if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const Document& element : value) emit(out, element);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    emit_text(out, value.get<std::string>());
  } else {
    out << value.dump();
  }
}

}  // namespace

Document document_of(const std::string& run_id, const engine::RecordedEvent& event) {
  Document document{{"run", run_id},
                    {"index", event.index},
                    {"turn", event.turn},
                    {"place", event.place},
                    {"time", utc(event.wall)},
                    {"event", engine::name_of(event.event)},
                    {"class", name_of(engine::class_of(event.event))}};
  if (event.command != 0) document["command"] = event.command;
  if (!event.name.empty()) document["name"] = event.name;
  std::visit(Details(document), event.event);
  add_payload(document, "input", event.payloads.input);
  add_payload(document, "output", event.payloads.output);
  document["writer"] = {{"principal", event.writer.principal},
                        {"build", event.writer.build},
                        {"epoch", event.writer.epoch}};
  return document;
}

namespace {

// What the person in `steered` did to the run.
const char* name_of_steering(const engine::RunInfo& run) {
  if (run.state == engine::RunState::continued) return "reset";
  return run.ended ? "terminated" : "paused";
}

}  // namespace

Document document_of(const engine::RunInfo& run) {
  Document document{{"run", run.run_id},           {"index", run.run},
                    {"workflow", run.workflow},    {"version", run.version},
                    {"state", name_of(run.state)}, {"started", utc(run.started)}};
  if (run.ended) document["ended"] = utc(*run.ended);
  if (run.failure) document["failure"] = document_of(*run.failure);
  if (!run.origin->key.empty()) document["key"] = run.origin->key;
  if (!run.origin->parent.empty()) document["parent"] = run.origin->parent;
  if (!run.origin->previous.empty()) document["previous"] = run.origin->previous;
  if (!run.successor.empty()) document["next_run"] = run.successor;
  if (run.cancel_requested) document["cancel_requested"] = document_of(*run.cancel_requested);
  if (run.pruned) document["pruned"] = true;
  if (run.steered) document[name_of_steering(run)] = document_of(*run.steered);
  return document;
}

Document document_of(const engine::RunInfo& run, const std::vector<engine::TimelineEntry>& open) {
  Document document = document_of(run);
  document["waiting_for"] = Document::array();
  for (const auto& command : open) document["waiting_for"].push_back(text_of(command));
  return document;
}

Document document_of(const engine::ReplayReport& report) {
  Document document = document_of(report.run);
  document["same"] = !report.divergence;
  document["turns"] = report.turns;
  document["events"] = report.events;
  if (report.divergence) document["divergence"] = document_of(*report.divergence);
  return document;
}

Document document_of(const engine::VerifyReport& report) {
  return {{"whole", report.ok()},
          {"log_id", store::to_hex(report.head.log_id)},
          {"records", report.records},
          {"pruned", report.pruned},
          {"runs", report.runs},
          {"events", report.events},
          {"size", report.head.size},
          {"epoch", report.head.epoch},
          {"checkpoint", store::to_checkpoint(report.head)},
          {"problems", report.problems},
          {"approvals", document_of(report.approvals)}};
}

Document document_of(const engine::Approvals& approvals) {
  return {{"signed", approvals.with_signature},
          {"unsigned", approvals.bare},
          {"checked", approvals.checked},
          {"bad", approvals.bad},
          {"why", approvals.why}};
}

// Replaces what is not UTF-8 instead of failing: a damaged payload can still be looked at.
void write_json(std::ostream& out, const Document& document) {
  out << document.dump(2, ' ', false, Document::error_handler_t::replace) << "\n";
}

void write_json_line(std::ostream& out, const Document& document) {
  out << document.dump(-1, ' ', false, Document::error_handler_t::replace) << "\n";
}

void write_yaml(std::ostream& out, const Document& document) {
  YAML::Emitter emitter;
  emit(emitter, document);
  out << "---\n" << emitter.c_str() << "\n";
}

}  // namespace ratchet::ratchetctl
