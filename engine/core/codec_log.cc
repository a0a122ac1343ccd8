#include "engine/core/codec_log.h"

#include "ratchet/v1/log.pb.h"

namespace ratchet::engine {

namespace {

std::int64_t us_of(Time time) { return time.time_since_epoch().count(); }

template <class Message>
void set_act(Message& out, const By& by, Time wall) {
  out.set_principal(by.principal);
  out.set_reason(by.reason);
  out.set_wall_us(us_of(wall));
}

template <class Message>
By by_of(const Message& in) {
  return {in.principal(), in.reason()};
}

template <class Message>
Time wall_of(const Message& in) {
  return Time{Duration{in.wall_us()}};
}

}  // namespace

std::string encode(const Genesis& genesis) {
  v1::Record record;
  auto& m = *record.mutable_genesis();
  m.set_format_level(genesis.format_level);
  m.set_log_id(genesis.log_id);
  m.set_wall_us(us_of(genesis.wall));
  return record.SerializeAsString();
}

std::string encode(const Opened& opened) {
  v1::Record record;
  auto& m = *record.mutable_opened();
  m.set_epoch(opened.epoch);
  m.set_build(opened.build);
  m.set_principal(opened.principal);
  m.set_wall_us(us_of(opened.wall));
  return record.SerializeAsString();
}

std::string encode(const Accepted& accepted) {
  v1::Record record;
  auto& m = *record.mutable_accepted();
  set_act(m, accepted.by, accepted.wall);
  m.set_size(accepted.size);
  m.set_root(accepted.root);
  return record.SerializeAsString();
}

std::string encode(const Released& released) {
  v1::Record record;
  auto& m = *record.mutable_released();
  m.set_run_id(released.run_id);
  set_act(m, released.by, released.wall);
  return record.SerializeAsString();
}

std::string encode(const Pruned& pruned) {
  v1::Record record;
  auto& m = *record.mutable_pruned();
  m.set_summary(pruned.summary);
  m.set_turns(pruned.turns);
  set_act(m, pruned.by, pruned.wall);
  return record.SerializeAsString();
}

Decoded decode_log_record(const v1::Record& in) {
  if (in.has_genesis()) {
    const auto& m = in.genesis();
    return Genesis{m.format_level(), m.log_id(), wall_of(m)};
  }
  if (in.has_opened()) {
    const auto& m = in.opened();
    return Opened{m.epoch(), m.build(), m.principal(), wall_of(m)};
  }
  if (in.has_accepted()) {
    const auto& m = in.accepted();
    return Accepted{by_of(m), wall_of(m), m.size(), m.root()};
  }
  if (in.has_released()) {
    const auto& m = in.released();
    return Released{m.run_id(), by_of(m), wall_of(m)};
  }
  const auto& m = in.pruned();
  return Pruned{m.summary(), m.turns(), by_of(m), wall_of(m)};
}

}  // namespace ratchet::engine
