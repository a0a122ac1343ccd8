#include "k8s/embedded/time_text.h"

#include <array>
#include <ctime>

namespace ratchet::k8s::embedded {

std::string time_text(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string micro_time_text(Time time) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count() %
      1'000'000;
  const std::string digits = std::to_string(micros);
  std::string text = time_text(time);
  text.pop_back();
  return text + "." + std::string(6 - digits.size(), '0') + digits + "Z";
}

Time parse_time(const std::string& text) {
  std::tm parts{};
  if (strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string age_text(std::chrono::seconds age) {
  const auto seconds = age.count();
  const auto with = [](auto value, const char* unit) { return std::to_string(value) + unit; };
  if (seconds < 0) return "0s";
  if (seconds < 120) return with(seconds, "s");
  const auto minutes = seconds / 60;
  if (minutes < 10) {
    return with(minutes, "m") + (seconds % 60 ? with(seconds % 60, "s") : std::string());
  }
  if (minutes < 180) return with(minutes, "m");
  const auto hours = minutes / 60;
  if (hours < 8) return with(hours, "h") + (minutes % 60 ? with(minutes % 60, "m") : std::string());
  if (hours < 48) return with(hours, "h");
  const auto days = hours / 24;
  if (days < 8) return with(days, "d") + (hours % 24 ? with(hours % 24, "h") : std::string());
  return with(days, "d");
}

}  // namespace ratchet::k8s::embedded
