#include "tests/golden/golden.h"

#include <concepts>
#include <deque>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include "engine/core/summary.h"
#include "ratchet/v1/log.pb.h"
#include "store/checkpoint.h"
#include "store/merkle.h"
#include "tests/golden/fields.h"

namespace ratchet::engine::golden {

namespace pb = google::protobuf;

namespace {

constexpr const char* summary_kind = "RunSummary";
constexpr const char* moved_payload = "golden payload that moved out";
constexpr const char* earlier = " (decodes only)";
constexpr std::uint64_t index_of_record = 77;

std::optional<std::string> fetch(std::uint64_t, const store::Hash& hash) {
  if (hash != store::sha256(moved_payload)) return std::nullopt;
  return moved_payload;
}

std::string definition_text(const v1::Definition& d, const Definitions& definitions) {
  const std::uint32_t id = d.id();
  const std::string head = "definition " + std::to_string(id) + ": ";
  switch (d.what_case()) {
    case v1::Definition::kPrincipal:
      return head + "principal " + definitions.principal_name(id);
    case v1::Definition::kSignal:
      return head + "signal " + definitions.signal_name(id);
    case v1::Definition::kActivity:
      return head + "activity " + text_of(definitions.activity(id));
    case v1::Definition::kWorkflow:
      return head + "workflow " + text_of(definitions.workflow(id));
    case v1::Definition::kFile: {
      pb::FileDescriptorProto file;
      file.ParseFromString(d.file());
      return head + "file " + file.name();
    }
    default:
      return head + d.ShortDebugString();
  }
}

v1::Record parsed(const std::string& bytes) {
  v1::Record record;
  if (!record.ParseFromString(bytes)) throw std::invalid_argument("not a Record");
  return record;
}

void add_kinds(const pb::Message& message, const char* oneof, std::set<std::string>& kinds) {
  const auto* group = message.GetDescriptor()->FindOneofByName(oneof);
  const auto* field = message.GetReflection()->GetOneofFieldDescriptor(message, group);
  if (field != nullptr) kinds.insert(message.GetDescriptor()->name() + "." + field->name());
}

void add_all_kinds(const pb::Descriptor* type, const char* oneof, std::set<std::string>& kinds) {
  const auto* group = type->FindOneofByName(oneof);
  for (int i = 0; i < group->field_count(); ++i) {
    kinds.insert(type->name() + "." + group->field(i)->name());
  }
}

std::string to_hex(const std::string& bytes) { return store::to_hex(bytes); }

// The event alone in a turn, in the place of a turn that has something before it.
Golden sample_of(const Event& event, Definitions& definitions) {
  Turn turn{7, 3, 2, Time{Duration{1'000'000'000'000'042}}, {event}, {}};
  const std::string bytes = encode(turn, definitions).record;
  return {name_of(event), false, to_hex(bytes), meaning(bytes, definitions)};
}

template <std::size_t I = 0>
void add_event_samples(std::vector<Golden>& all, Definitions& definitions) {
  if constexpr (I < std::variant_size_v<Event>) {
    std::variant_alternative_t<I, Event> event;
    Filler().fill(event);
    all.push_back(sample_of(event, definitions));
    add_event_samples<I + 1>(all, definitions);
  }
}

// Records of the log itself: those that have an encode of their own.
template <std::size_t I = 0>
void add_record_samples(std::vector<Golden>& all, Definitions& definitions) {
  if constexpr (I < std::variant_size_v<Decoded>) {
    using Kind = std::variant_alternative_t<I, Decoded>;
    if constexpr (requires(const Kind& k) {
                    { encode(k) } -> std::same_as<std::string>;
                  }) {
      Kind value;
      Filler().fill(value);
      const std::string bytes = encode(value);
      const std::string kind = *kinds_in(bytes).begin();
      all.push_back({kind, false, to_hex(bytes), meaning(bytes, definitions)});
    }
    add_record_samples<I + 1>(all, definitions);
  }
}

Golden releasing_turn(Definitions& definitions) {
  const Turn turn{7, 4, 2, Time{Duration{1'000'000'000'000'043}}, {TimerFired{1}}, 2};
  const std::string bytes = encode(turn, definitions).record;
  return {"Turn that releases a held fact", false, to_hex(bytes), meaning(bytes, definitions)};
}

Golden first_turn(Definitions& definitions) {
  RunStarted start;
  Filler().fill(start);
  const Turn turn{0, 0, 2, Time{Duration{1'000'000'000'000'041}}, {start, RunCompleted{}}, {}};
  const std::string bytes = encode(turn, definitions).record;
  return {"Turn that starts and ends a run", false, to_hex(bytes), meaning(bytes, definitions)};
}

Golden passed_on(Definitions& definitions) {
  RunStarted start{"golden~2", "golden2", 1, "golden3", "golden4", 0, {}};
  start.origin.edit().previous = "golden";
  start.signals = {{"golden1", "golden2", "golden3"}, {"golden4", {}, "golden1"}};
  const Turn turn{0, 0, 2, Time{Duration{1'000'000'000'000'045}}, {start}, {}};
  const std::string bytes = encode(turn, definitions).record;
  return {"Turn that starts a run with signals", false, to_hex(bytes), meaning(bytes, definitions)};
}

Golden moved_out(Definitions& definitions) {
  v1::Record record;
  auto& turn = *record.mutable_turn();
  turn.set_run(7);
  turn.set_turn(5);
  turn.set_epoch(2);
  turn.set_wall_us(1'000'000'000'000'044);
  auto& done = *turn.add_events()->mutable_run_completed();
  const store::Hash hash = store::sha256(moved_payload);
  done.mutable_result()->mutable_moved()->set_hash(hash.data(), hash.size());
  done.mutable_result()->mutable_moved()->set_size(29);
  const std::string bytes = record.SerializeAsString();
  return {"Payload that moved out", true, to_hex(bytes), meaning(bytes, definitions)};
}

Golden summary_sample() {
  RunSummary summary;
  Filler().fill(summary);
  const std::string bytes = encode(summary);
  return {summary_kind, false, to_hex(bytes), text_of(decode_summary(bytes))};
}

std::vector<Golden> read(const char* file) {
  std::ifstream in(file);
  std::vector<Golden> all;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("-- ")) {
      if (!all.empty()) (all.back().hex.empty() ? all.back().hex : all.back().text) += line;
      continue;
    }
    Golden golden{line.substr(3), false, "", ""};
    if (golden.name.ends_with(earlier)) {
      golden.decodes_only = true;
      golden.name.erase(golden.name.size() - std::string(earlier).size());
    }
    all.push_back(std::move(golden));
  }
  return all;
}

}  // namespace

std::vector<Golden> read_goldens() { return read(GOLDEN_FOLDER "/records.txt"); }
std::vector<Golden> read_store_goldens() { return read(GOLDEN_FOLDER "/store.txt"); }

std::string stanza(const Golden& golden) {
  return "-- " + golden.name + (golden.decodes_only ? earlier : "") + "\n" + golden.hex + "\n" +
         golden.text + "\n";
}

void define_names(Definitions& definitions) {
  using Text = pb::StringValue;
  // What definitions refer to by address must outlive them all.
  static const std::vector<std::string> names{"golden1", "golden2", "golden3", "golden4"};
  static const std::deque<Activity<Text, Text>> activities = [] {
    std::deque<Activity<Text, Text>> all;
    for (const std::string& name : names) all.emplace_back(name.c_str(), Effect::conditional);
    all.push_back(Activity<Text, Text>("golden5", Effect::manual).irreversible());
    return all;
  }();
  static const std::deque<WorkflowType> workflows = [] {
    std::deque<WorkflowType> all;
    for (const std::string& name : names) {
      for (const std::uint32_t version : {1U, 2U}) {
        all.push_back({name, version, &Text::descriptor, &Text::descriptor, {}});
      }
    }
    return all;
  }();
  for (std::size_t i = 0; i < names.size(); ++i) {
    definitions.principal(names[i]);
    definitions.signal(names[i]);
    definitions.workflow(workflows[2 * i]);
    definitions.workflow(workflows[2 * i + 1]);
  }
  for (const auto& activity : activities) definitions.activity(activity.info());
}

std::string meaning(const std::string& bytes, Definitions& definitions) {
  const Decoded decoded = decode({index_of_record, bytes}, definitions, fetch);
  if (const auto* turn = std::get_if<Turn>(&decoded)) return "turn " + text_of(*turn);
  const v1::Record record = parsed(bytes);
  if (record.has_definition()) return definition_text(record.definition(), definitions);
  return std::visit(
      [&](const auto& value) { return *kinds_in(bytes).begin() + " " + list_of(value); }, decoded);
}

std::optional<std::string> encoded_again(const std::string& bytes, Definitions& definitions) {
  const Decoded decoded = decode({index_of_record, bytes}, definitions, fetch);
  return std::visit(
      [&](const auto& value) -> std::optional<std::string> {
        if constexpr (requires {
                        { encode(value) } -> std::same_as<std::string>;
                      }) {
          return encode(value);
        } else if constexpr (requires { encode(value, definitions).record; }) {
          return encode(value, definitions).record;
        }
        return std::nullopt;
      },
      decoded);
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::set<std::string> all_kinds() {
  std::set<std::string> kinds;
  add_all_kinds(v1::Record::descriptor(), "body", kinds);
  add_all_kinds(v1::Definition::descriptor(), "what", kinds);
  add_all_kinds(v1::Event::descriptor(), "kind", kinds);
  return kinds;
}

std::set<std::string> kinds_in(const std::string& bytes) {
  const v1::Record record = parsed(bytes);
  std::set<std::string> kinds;
  add_kinds(record, "body", kinds);
  if (record.has_definition()) add_kinds(record.definition(), "what", kinds);
  for (const auto& event : record.turn().events()) add_kinds(event, "kind", kinds);
  return kinds;
}

std::vector<Golden> samples() {
  Definitions definitions;
  define_names(definitions);
  std::vector<Golden> all;
  add_record_samples(all, definitions);
  for (const auto& [id, record] : definitions.take_fresh()) {
    const v1::Record wire = parsed(record);
    const auto* field = wire.definition().GetReflection()->GetOneofFieldDescriptor(
        wire.definition(), v1::Definition::descriptor()->oneof_decl(0));
    all.push_back({"Definition " + std::to_string(id) + ", " + field->name(), false, to_hex(record),
                   meaning(record, definitions)});
  }
  add_event_samples(all, definitions);
  all.push_back(first_turn(definitions));
  all.push_back(releasing_turn(definitions));
  all.push_back(passed_on(definitions));
  all.push_back(moved_out(definitions));
  all.push_back(summary_sample());
  return all;
}

}  // namespace ratchet::engine::golden
