#include "tools/ratchetctl/numbers.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

namespace ratchet::ratchetctl {

namespace {

constexpr double year_seconds = 365 * 86'400.0;

// All of the text, or nothing.
template <class Number>
std::optional<Number> number_in(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

std::string wrong_count(const std::string& text) {
  const bool well = number_in<std::uint32_t>(text).value_or(0) != 0;
  return well ? "" : "'" + text + "' is no whole number from 1 to 4294967295";
}

std::string wrong_skip(const std::string& text) {
  const bool well = number_in<std::uint32_t>(text).has_value();
  return well ? "" : "'" + text + "' is no whole number from 0 to 4294967295";
}

std::string wrong_seconds(const std::string& text) {
  const double seconds = number_in<double>(text).value_or(0);
  const bool well = seconds > 0 && seconds <= year_seconds;  // which nan is not
  return well ? "" : "'" + text + "' is no number of seconds above 0 and up to 31536000";
}

}  // namespace ratchet::ratchetctl
