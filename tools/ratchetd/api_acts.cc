#include "tools/ratchetd/api_acts.h"

#include <algorithm>
#include <limits>

#include "engine/core/codec.h"
#include "engine/inspect/timeline.h"
#include "store/base64.h"
#include "store/ed25519.h"

namespace ratchet::ratchetd {

namespace {

using engine::By;
using engine::Engine;
using engine::Refusal;
using store::LogReader;

std::string text(const Call& call, const char* field) {
  return call.body.value(field, std::string());
}

engine::CommandId step_of(const Call& call) {
  const auto step = call.body.at("step").get<std::uint64_t>();
  if (step == 0 || step > std::numeric_limits<engine::CommandId>::max()) {
    throw BadRequest("step is the number that `show` and `history` give a step");
  }
  return static_cast<engine::CommandId>(step);
}

// The 32 bytes that 64 hexadecimal digits stand for.
std::string hash_of(const Call& call) {
  const std::string hex = text(call, "payload_hash");
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const std::string pair = hex.substr(i, 2);
    if (pair.find_first_not_of("0123456789abcdef") != std::string::npos) break;
    bytes += static_cast<char>(std::stoi(pair, nullptr, 16));
  }
  if (hex.size() != 64 || bytes.size() != 32) {
    throw BadRequest("payload_hash is a SHA-256 in 64 lower-case hexadecimal digits");
  }
  return bytes;
}

std::optional<engine::Signature> signature_of(const Call& call) {
  engine::Signature signature{text(call, "signer"), {}};
  const std::string base64 = text(call, "signature_base64");
  if (signature.signer.empty() && base64.empty()) return std::nullopt;
  const auto bytes = store::from_base64(base64);
  if (signature.signer.empty() || !bytes || bytes->size() != store::ed25519_signature_bytes) {
    throw BadRequest(
        "signer and signature_base64 go together: an approver's name, and the 64 bytes of an "
        "Ed25519 signature in base64");
  }
  signature.bytes = *bytes;
  return signature;
}

template <bool Approve>
Done decide(Engine& engine, const LogReader&, const Call& call, const By& by) {
  return engine.decide(call.run, text(call, "gate"), Approve, hash_of(call), by,
                       signature_of(call));
}

Done signal(Engine& engine, const LogReader&, const Call& call, const By& by) {
  const auto value = store::from_base64(text(call, "value_base64"));
  if (!value) throw BadRequest("value_base64 is no base64 (padded, without line breaks)");
  return engine.signal(call.run, text(call, "signal"), *value, by);
}

// The result as bytes of the type that the open step was recorded with.
engine::Bytes result_of(const LogReader& log, const Call& call) {
  const engine::CommandId step = step_of(call);
  const auto run = engine::find_run(log, call.run);
  engine::Definitions definitions;
  load_definitions(log, definitions);
  for (const auto& open : engine::open_commands(engine::read_history(log, run->run))) {
    const auto* scheduled = std::get_if<engine::StepScheduled>(&open.command.event);
    if (scheduled == nullptr || scheduled->command != step) continue;
    const auto& type = definitions.activity(scheduled->definition);
    const Json result = call.body.value("result", Json::object());
    auto bytes = definitions.from_json(type.files, type.output_type, result.dump());
    if (bytes) return std::move(*bytes);
    throw BadRequest("result is not the JSON of a " + type.output_type);
  }
  return {};  // the engine says that the step is not open
}

Done skip(Engine& engine, const LogReader& log, const Call& call, const By& by) {
  return engine.skip(call.run, step_of(call), result_of(log, call), by);
}

Done fail(Engine& engine, const LogReader&, const Call& call, const By& by) {
  return engine.fail_step(call.run, step_of(call), {text(call, "code"), text(call, "message")}, by);
}

Done retry(Engine& engine, const LogReader&, const Call& call, const By& by) {
  return engine.retry(call.run, step_of(call), by);
}

// Those that need nothing but the reason.
template <Refusal (Engine::*Method)(const std::string&, const By&)>
Done plain(Engine& engine, const LogReader&, const Call& call, const By& by) {
  return (engine.*Method)(call.run, by);
}

Done reset(Engine& engine, const LogReader&, const Call& call, const By& by) {
  const auto kept = call.body.at("kept").get<std::uint64_t>();
  const auto most = std::numeric_limits<std::uint32_t>::max();
  auto done =
      engine.reset(call.run, static_cast<std::uint32_t>(std::min<std::uint64_t>(kept, most)), by);
  Done answer(std::move(done.refused));
  answer.more["next_run"] = done.run_id;
  return answer;
}

constexpr auto a_number = Field::Type::number;

}  // namespace

Act act_approve() {
  const auto string = Field::Type::text;
  return {
      {{"gate"}, {"payload_hash"}, {"signer", string, false}, {"signature_base64", string, false}},
      decide<true>};
}
Act act_deny() { return {{{"gate"}, {"payload_hash"}}, decide<false>}; }
Act act_signal() { return {{{"signal"}, {"value_base64", Field::Type::text, false}}, signal}; }
Act act_pause() { return {{}, plain<&Engine::pause>}; }
Act act_resume() { return {{}, plain<&Engine::resume>}; }
Act act_release() { return {{}, plain<&Engine::release>}; }
Act act_cancel() { return {{}, plain<&Engine::cancel>}; }
Act act_terminate() { return {{}, plain<&Engine::terminate>}; }
Act act_retry() { return {{{"step", a_number}}, retry}; }
Act act_skip() { return {{{"step", a_number}, {"result", Field::Type::any, false}}, skip}; }
Act act_fail() {
  return {{{"step", a_number}, {"code"}, {"message", Field::Type::text, false}}, fail};
}
Act act_reset() { return {{{"kept", a_number}}, reset, true}; }
Act act_note() { return {{}, plain<&Engine::note>, true}; }

}  // namespace ratchet::ratchetd
