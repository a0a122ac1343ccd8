#include "k8s/api/duration.h"

#include <charconv>
#include <utility>

namespace ratchet::k8s {

std::optional<std::chrono::microseconds> parse_duration(const std::string& text) {
  static constexpr std::pair<const char*, double> units[] = {
      {"h", 3.6e9}, {"ms", 1e3}, {"m", 6e7}, {"us", 1.0}, {"s", 1e6}};
  double total = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number,
                                              std::chars_format::fixed);
    if (error != std::errc{} || number < 0) return std::nullopt;
    at = static_cast<std::size_t>(end - text.data());
    bool known = false;
    for (const auto& [unit, microseconds] : units) {
      if (text.compare(at, std::string(unit).size(), unit) != 0) continue;
      total += number * microseconds;
      at += std::string(unit).size();
      known = true;
      break;
    }
    if (!known) return std::nullopt;
  }
  constexpr double year = 365 * 24 * 3.6e9;
  if (total < 1 || total > year) return std::nullopt;
  return std::chrono::microseconds(static_cast<std::int64_t>(total));
}

}  // namespace ratchet::k8s
