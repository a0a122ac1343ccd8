#include "k8s/api/resources.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ratchet::k8s::api {
namespace {

constexpr std::int64_t mebi = 1 << 20;

// From n (nano) on, each a thousand times the one before; and from bytes on, each 1024 times.
constexpr std::array<std::string_view, 10> decimal_units = {"n", "u", "m", "",  "k",
                                                            "M", "G", "T", "P", "E"};
constexpr std::size_t plain = 3;
constexpr std::array<std::string_view, 7> binary_units = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

template <std::size_t size>
std::optional<std::size_t> index_of(const std::array<std::string_view, size>& units,
                                    const std::string& unit) {
  const auto found = std::find(units.begin(), units.end(), unit);
  if (found == units.end()) return std::nullopt;
  return static_cast<std::size_t>(found - units.begin());
}

// digits / 10^fraction, in the unit.
struct Parts {
  std::int64_t digits = 0;
  int fraction = 0;
  std::string unit;
};

std::optional<Parts> parts_of(const Json& quantity) {
  const bool number = quantity.is_number_integer();
  if (!number && !quantity.is_string()) return std::nullopt;
  const std::string text = number ? quantity.dump() : quantity.get<std::string>();
  Parts parts;
  std::string digits;
  std::size_t at = 0;
  bool point = false;
  for (; at < text.size(); ++at) {
    if (std::isdigit(static_cast<unsigned char>(text[at])) != 0) {
      digits += text[at];
      if (point) ++parts.fraction;
    } else if (text[at] == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (digits.empty() || digits.size() > 15) return std::nullopt;
  parts.digits = std::stoll(digits);
  parts.unit = text.substr(at);
  const bool known = index_of(decimal_units, parts.unit) || index_of(binary_units, parts.unit);
  return known ? std::optional(std::move(parts)) : std::nullopt;
}

// As few digits as possible before a unit.
std::optional<std::string> decimal_text(Parts parts, std::size_t unit) {
  int exponent = 3 * (static_cast<int>(unit) - static_cast<int>(plain)) - parts.fraction;
  if (parts.digits == 0) return "0";
  for (; parts.digits % 10 == 0; ++exponent) parts.digits /= 10;
  for (; exponent % 3 != 0; --exponent) parts.digits *= 10;
  const int index = exponent / 3 + static_cast<int>(plain);
  if (index < 0 || index >= static_cast<int>(decimal_units.size())) return std::nullopt;
  return std::to_string(parts.digits) +
         std::string(decimal_units.at(static_cast<std::size_t>(index)));
}

std::optional<std::string> binary_text(Parts parts, std::size_t unit) {
  std::int64_t whole = 1;
  for (; parts.fraction > 0; --parts.fraction) whole *= 10;
  for (; parts.digits % whole != 0; --unit) {
    if (unit == 0 || parts.digits > INT64_MAX / 1024) return std::nullopt;
    parts.digits *= 1024;
  }
  parts.digits /= whole;
  for (; parts.digits != 0 && parts.digits % 1024 == 0 && unit + 1 < binary_units.size(); ++unit) {
    parts.digits /= 1024;
  }
  if (unit == 0 || parts.digits == 0) return decimal_text({parts.digits, 0, ""}, plain);
  return std::to_string(parts.digits) + std::string(binary_units.at(unit));
}

// Nothing if it is written in a way that is not used for memory.
std::optional<std::int64_t> bytes_in(const Json& quantity) {
  const auto parts = parts_of(quantity);
  if (!parts || parts->fraction > 0) return std::nullopt;
  std::int64_t bytes = parts->digits;
  const auto binary = index_of(binary_units, parts->unit);
  const auto decimal = index_of(decimal_units, parts->unit);
  if (!binary && *decimal < plain) return std::nullopt;
  const std::int64_t step = binary ? 1024 : 1000;
  for (std::size_t times = binary ? *binary : *decimal - plain; times > 0; --times) {
    if (bytes > INT64_MAX / step) return std::nullopt;
    bytes *= step;
  }
  return bytes;
}

}  // namespace

bool is_quantity(const Json& value) { return parts_of(value).has_value(); }

Json canonical_quantity(const Json& quantity) {
  const auto parts = parts_of(quantity);
  if (!parts) return quantity;
  const auto decimal = index_of(decimal_units, parts->unit);
  const auto text = decimal ? decimal_text(*parts, *decimal)
                            : binary_text(*parts, *index_of(binary_units, parts->unit));
  return text ? Json(*text) : quantity;
}

Json with_default_resources(Json resources) {
  if (!resources.is_object()) resources = Json::object();
  Json limits = resources.value("limits", Json::object());
  Json requests = resources.value("requests", Json::object());
  if (!requests.contains("cpu")) requests["cpu"] = limits.value("cpu", Json("500m"));
  if (!requests.contains("memory")) requests["memory"] = limits.value("memory", Json("1Gi"));
  if (!limits.contains("memory")) limits["memory"] = requests["memory"];
  for (Json* part : {&limits, &requests}) {
    for (Json& quantity : *part) quantity = canonical_quantity(quantity);
  }
  resources["limits"] = std::move(limits);
  resources["requests"] = std::move(requests);
  return resources;
}

// The server's own minimum for messages is 128Mi.
Json buffer_args(const Json& resources) {
  const Json::json_pointer limit("/limits/memory");
  const auto memory = resources.contains(limit) ? bytes_in(resources.at(limit)) : std::nullopt;
  if (!memory || *memory < 512 * mebi) return Json::array();
  const std::int64_t free = *memory - 256 * mebi;
  const std::int64_t pages = free * 3 / 4 / (128 * mebi) * (128 * mebi);
  const std::int64_t messages = std::max(free - pages, 128 * mebi);
  return Json::array({"--innodb-buffer-pool-size=" + std::to_string(pages),
                      "--loose-group-replication-message-cache-size=" + std::to_string(messages)});
}

// Arguments of the user's come later, and stay.
Json with_resources(Json container, const Json& resources) {
  const Json former = buffer_args(container.value("resources", Json::object()));
  container["resources"] = with_default_resources(resources);
  const Json args = container.value("args", Json::array());
  auto rest = std::find(args.begin(), args.end(), Json(before_buffers));
  if (rest == args.end()) return container;
  ++rest;
  Json changed = Json::array();
  for (auto arg = args.begin(); arg != rest; ++arg) changed.push_back(*arg);
  for (const Json& buffer : buffer_args(container["resources"])) changed.push_back(buffer);
  const auto is_former = [&](const Json& arg) {
    return std::find(former.begin(), former.end(), arg) != former.end();
  };
  while (rest != args.end() && is_former(*rest)) ++rest;
  for (; rest != args.end(); ++rest) changed.push_back(*rest);
  container["args"] = std::move(changed);
  return container;
}

}  // namespace ratchet::k8s::api
