#include "engine/core/codec.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <google/protobuf/arena.h>

#include "engine/core/codec_acts.h"
#include "engine/core/codec_log.h"
#include "engine/core/codec_size.h"
#include "ratchet/v1/log.pb.h"
#include "store/merkle.h"

namespace ratchet::engine {

namespace {

std::int64_t to_us(Time time) { return time.time_since_epoch().count(); }
Time from_us(std::int64_t us) { return Time{Duration{us}}; }

[[noreturn]] void corrupt(std::uint64_t index, const std::string& why) {
  throw store::Error(store::Fault::corrupt, "record " + std::to_string(index) + " " + why +
                                                "; run `ratchetctl verify` on the log");
}

Failure get_failure(const v1::Failure& in) { return {in.code(), in.message()}; }

// A record as a message, without a visit to the heap for each of its parts.
class RecordMessage {
 public:
  v1::Record& operator*() { return *record_; }
  v1::Record* operator->() { return record_; }

 private:
  alignas(std::max_align_t) std::array<char, 4096> block_;
  google::protobuf::Arena arena_{block_.data(), block_.size()};
  v1::Record* record_ = google::protobuf::Arena::CreateMessage<v1::Record>(&arena_);
};

// Writes one event; remembers where payloads are, so that they can move out.
class Writer {
 public:
  explicit Writer(Definitions& definitions) : definitions_(definitions) {}

  void write(const Event& event, v1::Event& out) {
    std::visit([&](const auto& e) { put(e, out); }, event);
  }
  std::vector<v1::Payload*>& payloads() { return payloads_; }

 private:
  void payload(v1::Payload* out, const Bytes& bytes) {
    if (bytes.empty()) return;
    out->set_inlined(bytes);
    payloads_.push_back(out);
  }

  void put(const RunStarted& e, v1::Event& out) {
    auto& m = *out.mutable_run_started();
    m.set_run_id(e.run_id);
    m.set_workflow(definitions_.current_workflow(e.workflow, e.version));
    payload(m.mutable_input(), e.input);
    m.set_principal(definitions_.principal(e.principal));
    set_origin(m, *e.origin);
    for (const SignalReceived& signal : e.signals) put(signal, *m.add_signals());
  }
  void put(const StepCompleted& e, v1::Event& out) {
    auto& m = *out.mutable_step_completed();
    m.set_command(e.command);
    payload(m.mutable_result(), e.result);
    m.set_attempts(e.attempts);
    m.set_found_done(e.found_done);
  }
  void put(const StepFailed& e, v1::Event& out) {
    auto& m = *out.mutable_step_failed();
    m.set_command(e.command);
    set_failure(*m.mutable_failure(), e.failure);
    m.set_attempts(e.attempts);
  }
  void put(const TimerFired& e, v1::Event& out) {
    out.mutable_timer_fired()->set_command(e.command);
  }
  void put(const SignalReceived& e, v1::Event& out) { put(e, *out.mutable_signal_received()); }
  void put(const SignalReceived& e, v1::SignalReceived& m) {
    m.set_signal(definitions_.signal(e.signal));
    payload(m.mutable_value(), e.value);
    m.set_principal(definitions_.principal(e.principal));
    m.set_reason(e.reason);
  }
  void put(const StepScheduled& e, v1::Event& out) {
    auto& m = *out.mutable_step_scheduled();
    m.set_command(e.command);
    m.set_activity(definitions_.current_activity(e.activity));
    payload(m.mutable_input(), e.input);
  }
  void put(const TimerStarted& e, v1::Event& out) {
    auto& m = *out.mutable_timer_started();
    m.set_command(e.command);
    m.set_due_us(to_us(e.due));
  }
  void put(const SignalAwaited& e, v1::Event& out) {
    auto& m = *out.mutable_signal_awaited();
    m.set_command(e.command);
    m.set_signal(definitions_.signal(e.signal));
  }
  void put(const CommandCancelled& e, v1::Event& out) {
    out.mutable_command_cancelled()->set_command(e.command);
  }
  void put(const PatchMarked& e, v1::Event& out) {
    out.mutable_patch_marked()->set_patch(e.patch);
    out.mutable_patch_marked()->set_deprecated(e.deprecated);
  }
  void put(const RunCompleted& e, v1::Event& out) {
    payload(out.mutable_run_completed()->mutable_result(), e.result);
  }
  void put(const RunFailed& e, v1::Event& out) {
    set_failure(*out.mutable_run_failed()->mutable_failure(), e.failure);
    out.mutable_run_failed()->set_by_engine(e.by_engine);
  }
  void put(const AttemptFailed& e, v1::Event& out) {
    auto& m = *out.mutable_attempt_failed();
    m.set_command(e.command);
    m.set_attempt(e.attempt);
    set_failure(*m.mutable_failure(), e.failure);
    m.set_unrecorded(e.unrecorded);
    m.set_unrecorded_digest(e.unrecorded_digest);
  }
  void put(const Probed& e, v1::Event& out) {
    auto& m = *out.mutable_probed();
    m.set_command(e.command);
    m.set_verdict(static_cast<std::uint32_t>(e.verdict));
    m.set_why(e.why);
  }
  void put(const Diverged& e, v1::Event& out) {
    auto& m = *out.mutable_diverged();
    m.set_turn(e.turn);
    m.set_difference(e.difference);
  }
  void put(const Note& e, v1::Event& out) {
    auto& m = *out.mutable_note();
    m.set_principal(definitions_.principal(e.principal));
    m.set_text(e.text);
  }
  void put(const Held& e, v1::Event& out) {
    v1::Event& fact = *out.mutable_held()->mutable_fact();
    std::visit([&](const auto& f) { put(f, fact); }, e.fact);
  }
  void put(const LateFact& e, v1::Event& out) {
    v1::Event& fact = *out.mutable_late_fact()->mutable_fact();
    std::visit([&](const auto& f) { put(f, fact); }, e.fact);
  }
  template <class E>
  void put(const E& act, v1::Event& out) {
    write_act(act, out, definitions_, [this](auto* to, const Bytes& bytes) { payload(to, bytes); });
  }
  void put(const QuarantineLifted& e, v1::Event& out) {
    out.mutable_quarantine_lifted()->set_build(e.build);
  }

  Definitions& definitions_;
  std::vector<v1::Payload*> payloads_;
};

// Reads the events of one record.
class Reader {
 public:
  Reader(std::uint64_t index, std::uint64_t run, const Definitions& definitions,
         const FetchBlob& fetch)
      : index_(index), run_(run), definitions_(definitions), fetch_(fetch) {}

  Event read(const v1::Event& in) const {
    switch (in.kind_case()) {
      case v1::Event::kRunStarted:
      case v1::Event::kStepCompleted:
      case v1::Event::kStepFailed:
      case v1::Event::kTimerFired:
      case v1::Event::kSignalReceived:
        break;
      case v1::Event::kStepScheduled: {
        const auto& m = in.step_scheduled();
        return StepScheduled{m.command(), definitions_.activity(m.activity()).name,
                             payload(m.input()), m.activity()};
      }
      case v1::Event::kTimerStarted:
        return TimerStarted{in.timer_started().command(), from_us(in.timer_started().due_us())};
      case v1::Event::kSignalAwaited:
        return SignalAwaited{in.signal_awaited().command(),
                             definitions_.signal_name(in.signal_awaited().signal())};
      case v1::Event::kCommandCancelled:
        return CommandCancelled{in.command_cancelled().command()};
      case v1::Event::kPatchMarked:
        return PatchMarked{in.patch_marked().patch(), in.patch_marked().deprecated()};
      case v1::Event::kRunCompleted:
        return RunCompleted{payload(in.run_completed().result())};
      case v1::Event::kRunFailed:
        return RunFailed{get_failure(in.run_failed().failure()), in.run_failed().by_engine()};
      case v1::Event::kAttemptFailed: {
        const auto& m = in.attempt_failed();
        return AttemptFailed{m.command(), m.attempt(), get_failure(m.failure()), m.unrecorded(),
                             m.unrecorded_digest()};
      }
      case v1::Event::kProbed:
        return Probed{in.probed().command(), static_cast<Verdict>(in.probed().verdict()),
                      in.probed().why()};
      case v1::Event::kDiverged:
        return Diverged{in.diverged().turn(), in.diverged().difference()};
      case v1::Event::kNote:
        return Note{definitions_.principal_name(in.note().principal()), in.note().text()};
      case v1::Event::kQuarantineLifted:
        return QuarantineLifted{in.quarantine_lifted().build()};
      case v1::Event::kHeld:
        return Held{fact(in.held().fact())};
      case v1::Event::kLateFact:
        return LateFact{fact(in.late_fact().fact())};
      default:
        if (auto read = act(in)) return std::move(*read);
    }
    return std::visit([](auto&& f) { return Event{std::forward<decltype(f)>(f)}; }, fact(in));
  }

 private:
  std::optional<Event> act(const v1::Event& in) const {
    return read_act(in, definitions_, [this](const v1::Payload& from) { return payload(from); });
  }

  SignalReceived signal(const v1::SignalReceived& in) const {
    return {definitions_.signal_name(in.signal()), payload(in.value()),
            definitions_.principal_name(in.principal()), in.reason()};
  }

  template <class Signals>
  std::vector<SignalReceived> signals(const Signals& in) const {
    std::vector<SignalReceived> all;
    for (const v1::SignalReceived& one : in) all.push_back(signal(one));
    return all;
  }

  Fact fact(const v1::Event& in) const {
    switch (in.kind_case()) {
      case v1::Event::kRunStarted: {
        const auto& m = in.run_started();
        const WorkflowDefinition& workflow = definitions_.workflow(m.workflow());
        return RunStarted{m.run_id(),
                          workflow.name,
                          workflow.version,
                          payload(m.input()),
                          definitions_.principal_name(m.principal()),
                          m.workflow(),
                          get_origin(m),
                          signals(m.signals())};
      }
      case v1::Event::kStepCompleted: {
        const auto& m = in.step_completed();
        return StepCompleted{m.command(), payload(m.result()), m.attempts(), m.found_done()};
      }
      case v1::Event::kStepFailed: {
        const auto& m = in.step_failed();
        return StepFailed{m.command(), get_failure(m.failure()), m.attempts()};
      }
      case v1::Event::kTimerFired:
        return TimerFired{in.timer_fired().command()};
      case v1::Event::kSignalReceived:
        return signal(in.signal_received());
      default:
        if (const auto read = act(in)) {
          if (auto as_fact = fact_of(*read)) return std::move(*as_fact);
        }
        throw store::Error(store::Fault::unsupported,
                           "record " + std::to_string(index_) +
                               " holds an event that this build does not know; use a newer build");
    }
  }

  Bytes payload(const v1::Payload& in) const {
    if (!in.has_moved()) return in.inlined();
    store::Hash hash{};
    if (in.moved().hash().size() != hash.size()) corrupt(index_, "refers to a malformed hash");
    std::copy(in.moved().hash().begin(), in.moved().hash().end(), hash.begin());
    auto bytes = fetch_(run_, hash);
    if (!bytes) corrupt(index_, "refers to a payload that is not there");
    return std::move(*bytes);
  }

  std::uint64_t index_;
  std::uint64_t run_;
  const Definitions& definitions_;
  const FetchBlob& fetch_;
};

store::Blob move_out(v1::Payload& payload) {
  store::Blob blob;
  blob.bytes = payload.inlined();
  blob.hash = store::sha256(blob.bytes);
  auto& moved = *payload.mutable_moved();
  moved.set_hash(blob.hash.data(), blob.hash.size());
  moved.set_size(static_cast<std::uint32_t>(blob.bytes.size()));
  return blob;
}

}  // namespace

EncodedTurn encode(const Turn& turn, Definitions& definitions) {
  RecordMessage record;
  auto& m = *record->mutable_turn();
  if (turn.turn > 0) m.set_run(turn.run);
  m.set_turn(turn.turn);
  m.set_epoch(turn.epoch);
  m.set_wall_us(to_us(turn.wall));
  if (turn.releases) m.set_releases(*turn.releases + 1);
  Writer writer{definitions};
  for (const Event& event : turn.events) writer.write(event, *m.add_events());

  EncodedTurn encoded;
  auto& payloads = writer.payloads();
  std::size_t size = record->ByteSizeLong();
  for (; size > store::max_record_bytes; size = record->ByteSizeLong()) {
    const auto largest = std::ranges::max_element(
        payloads, {}, [](const v1::Payload* p) { return p->inlined().size(); });
    if (largest == payloads.end() || (*largest)->inlined().size() < 64 ||
        (*largest)->inlined().size() > store::max_blob_bytes) {
      refuse_size(m, turn, size);
    }
    encoded.blobs.push_back(move_out(**largest));
    payloads.erase(largest);
  }
  encoded.record.resize(size);
  record->SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(encoded.record.data()));
  return encoded;
}

Decoded decode(const store::Record& record, Definitions& definitions, const FetchBlob& fetch) {
  RecordMessage message;
  if (!message->ParseFromString(record.bytes)) corrupt(record.index, "cannot be decoded");
  const v1::Record& in = *message;
  switch (in.body_case()) {
    case v1::Record::kDefinition:
      definitions.learn(record.bytes);
      return Defined{in.definition().id()};
    case v1::Record::kGenesis:
    case v1::Record::kOpened:
    case v1::Record::kAccepted:
    case v1::Record::kReleased:
    case v1::Record::kPruned:
      return decode_log_record(in);
    case v1::Record::kTurn: {
      const auto& m = in.turn();
      Turn turn{m.turn() == 0 ? record.index : m.run(),
                m.turn(),
                m.epoch(),
                from_us(m.wall_us()),
                {},
                {}};
      if (m.releases() > 0) turn.releases = m.releases() - 1;
      const Reader reader{record.index, turn.run, definitions, fetch};
      turn.events.reserve(static_cast<std::size_t>(m.events_size()));
      for (const auto& event : m.events()) turn.events.push_back(reader.read(event));
      return turn;
    }
    case v1::Record::BODY_NOT_SET:
      break;
  }
  throw store::Error(store::Fault::unsupported, "record " + std::to_string(record.index) +
                                                    " is of a kind that this build does not "
                                                    "know; use a newer build");
}

std::string definition_key(std::uint32_t id) {
  std::string key{definition_prefix};
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(id >> shift));
  return key;
}

void load_definitions(const store::LogReader& log, Definitions& definitions) {
  log.scan_projections(definition_prefix, [&](std::string_view, std::string_view record) {
    definitions.learn(std::string(record));
    return true;
  });
}

FetchBlob blobs_of(const store::LogReader& log) {
  return [&log](std::uint64_t run, const store::Hash& hash) { return log.blob(run, hash); };
}

}  // namespace ratchet::engine
