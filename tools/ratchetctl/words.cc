#include "tools/ratchetctl/words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <string_view>

namespace ratchet::ratchetctl {

namespace {

using Json = nlohmann::ordered_json;
using std::chrono::duration_cast;

constexpr std::size_t longest = 40;        // of a string that can be telling
constexpr std::size_t shown_of_build = 8;  // as git shows a commit

std::string with_format(const tm& parts, const char* format) {
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

tm parts_of(engine::Time time, tm* (*convert)(const time_t*, tm*)) {
  const time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  tm parts{};
  convert(&seconds, &parts);
  return parts;
}

std::string fraction(engine::Time time, std::size_t digits) {
  const auto us = (time - std::chrono::floor<std::chrono::seconds>(time)).count();
  std::string text = std::to_string(1'000'000 + us).substr(1);
  return "." + text.substr(0, digits);
}

bool is_number(const std::string& text) {
  return std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Names that identify for machines and say nothing to people.
bool is_noise(const std::string& key, const std::string& value) {
  const bool identifier = key.ends_with("uid") || key.ends_with("resource_version") ||
                          key.ends_with("hash") || key.ends_with("token");
  const bool text = value.size() > longest || value.find_first_of("\n{[") != std::string::npos;
  return value.empty() || identifier || text || is_number(value);
}

std::optional<std::string> qualified_name(const Json& object) {
  const auto name = object.find("name");
  if (name == object.end() || !name->is_string()) return std::nullopt;
  for (const char* key : {"namespace", "space"}) {
    const auto space = object.find(key);
    if (space != object.end() && space->is_string()) {
      return space->get<std::string>() + "/" + name->get<std::string>();
    }
  }
  return std::nullopt;
}

// Fields that name what a message is about, before those that describe it.
bool leads(const std::string& key) {
  return key == "database" || key == "object" || key == "name" || key == "ref";
}

void collect(const std::string& key, const Json& value, std::vector<std::string>& found) {
  if (value.is_string() && !is_noise(key, value.get<std::string>())) {
    found.push_back(value.get<std::string>());
  }
  if (value.is_array()) {
    for (const Json& element : value) collect(key, element, found);
  }
  if (!value.is_object()) return;
  if (const auto name = qualified_name(value)) found.push_back(*name);
  const bool named = qualified_name(value).has_value();
  for (const bool leading : {true, false}) {
    for (const auto& [field, inner] : value.items()) {
      const bool said = named && (field == "name" || field == "namespace" || field == "space");
      if (!said && leads(field) == leading) collect(field, inner, found);
    }
  }
}

}  // namespace

std::string local_date(engine::Time time) {
  return with_format(parts_of(time, localtime_r), "%Y-%m-%d");
}
std::string local_clock(engine::Time time) {
  return with_format(parts_of(time, localtime_r), "%H:%M:%S") + fraction(time, 3);
}
std::string utc(engine::Time time) {
  return with_format(parts_of(time, gmtime_r), "%Y-%m-%dT%H:%M:%S") + fraction(time, 6) + "Z";
}

std::string for_people(engine::Duration duration) {
  const auto ms = duration_cast<std::chrono::milliseconds>(duration).count();
  if (ms < 10'000) return std::to_string(ms) + "ms";
  const auto s = ms / 1000;
  if (s < 60) return std::to_string(s) + "s";
  if (s < 3600) return std::to_string(s / 60) + "m " + std::to_string(s % 60) + "s";
  if (s < 86'400) return std::to_string(s / 3600) + "h " + std::to_string(s / 60 % 60) + "m";
  return std::to_string(s / 86'400) + "d " + std::to_string(s / 3600 % 24) + "h";
}

const char* name_of(engine::RunState state) {
  switch (state) {
    case engine::RunState::running:
      return "running";
    case engine::RunState::completed:
      return "completed";
    case engine::RunState::failed:
      return "failed";
    case engine::RunState::quarantined:
      return "quarantined";
    case engine::RunState::cancelled:
      return "cancelled";
    case engine::RunState::terminated:
      return "terminated";
    case engine::RunState::paused:
      return "paused";
    case engine::RunState::queued:
      return "queued";
    case engine::RunState::continued:
      return "continued";
  }
  return "unknown";
}

std::optional<engine::RunState> state_named(const std::string& name) {
  for (int i = 1; i <= static_cast<int>(engine::RunState::continued); ++i) {
    const auto state = static_cast<engine::RunState>(i);
    if (name == name_of(state)) return state;
  }
  return std::nullopt;
}

Style style_of(engine::RunState state) {
  switch (state) {
    case engine::RunState::completed:
      return Style::good;
    case engine::RunState::failed:
    case engine::RunState::quarantined:
    case engine::RunState::terminated:
      return Style::bad;
    case engine::RunState::cancelled:
    case engine::RunState::paused:
      return Style::warning;
    case engine::RunState::running:
    case engine::RunState::queued:
    case engine::RunState::continued:
      break;
  }
  return Style::plain;
}

std::string text_of(const engine::Failure& failure) {
  return failure.message.empty() ? failure.code : failure.code + ": " + failure.message;
}

std::string text_of(const engine::By& by) { return by.reason + " (" + by.principal + ")"; }

std::vector<std::string> telling(const Json& payload, std::size_t most,
                                 const std::vector<std::string>& without) {
  std::vector<std::string> found, told;
  collect("", payload, found);
  const auto in = [](const std::vector<std::string>& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
  };
  for (const std::string& text : found) {
    if (told.size() < most && !in(told, text) && !in(without, text)) told.push_back(text);
  }
  return told;
}

std::string text_of(const engine::TimelineEntry& open) {
  std::string text = engine::name_of(open.command.event);
  if (const auto* step = std::get_if<engine::StepScheduled>(&open.command.event)) {
    text = "step " + std::to_string(step->command) + " " + step->activity;
  } else if (const auto* timer = std::get_if<engine::TimerStarted>(&open.command.event)) {
    text = "timer until " + local_date(timer->due) + " " + local_clock(timer->due);
  } else if (const auto* wait = std::get_if<engine::SignalAwaited>(&open.command.event)) {
    text = "signal " + wait->signal;
  } else if (const auto* child = std::get_if<engine::ChildStarted>(&open.command.event)) {
    text = "run " + child->run_id;
  } else if (const auto* gate = std::get_if<engine::GateOpened>(&open.command.event)) {
    text = "a person at gate " + gate->gate;
  }
  if (open.trouble) {
    text +=
        ", attempt " + std::to_string(open.failed_attempts) + " failed: " + text_of(*open.trouble);
  }
  if (open.doubt) text += ", a person must decide: " + *open.doubt;
  return text;
}

std::string text_of(const engine::Opened& writer) {
  std::string text = writer.principal;
  if (!writer.build.empty()) text += " " + writer.build.substr(0, shown_of_build);
  return (text.empty() ? "epoch " : text + " #") + std::to_string(writer.epoch);
}

}  // namespace ratchet::ratchetctl
