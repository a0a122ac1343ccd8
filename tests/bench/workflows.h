// What the benchmark runs: workflows of steps that do nothing, so that only the engine is measured.
#pragma once

#include <google/protobuf/wrappers.pb.h>

#include "engine/core/workflow.h"
#include "engine/runtime/engine.h"

namespace ratchet::bench {

using Text = google::protobuf::StringValue;
using Number = google::protobuf::UInt32Value;

inline constexpr engine::Activity<Number, Text> work{"work", engine::Effect::idempotent};
inline constexpr engine::Signal<Text> release{"release"};

inline constexpr const char* stepping = "stepping";    // input: how many steps
inline constexpr const char* sleeping = "sleeping";    // input: how many milliseconds
inline constexpr const char* blocking = "blocking";    // input steps, the signal, input steps
inline constexpr const char* suspended = "suspended";  // the signal

void add_workflows(engine::Registry& registry);

std::string bytes(std::uint32_t number);
std::string bytes(const char* text);

}  // namespace ratchet::bench
