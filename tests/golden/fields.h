// Any plain structure as text, field by field, and filled with values that differ from each other.
// So a new event needs no code here. Fields at the end that have their default are left out of the
// text: a structure may grow at its end and old text stays true.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <boost/pfr.hpp>

#include "engine/core/event.h"

namespace ratchet::engine::golden {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_rare = false;
template <class T>
inline constexpr bool is_rare<Rare<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

inline std::string quoted(const std::string& bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    char escaped[5] = {c, 0, 0, 0, 0};
    if (c < ' ' || c > '~' || c == '"' || c == '\\') {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(c) & 0xffU);
    }
    text += escaped;
  }
  return text + "\"";
}

template <class T>
std::string text_of(const T& value);

template <class T>
std::vector<std::string> fields_of(const T& value) {
  std::vector<std::string> fields;
  boost::pfr::for_each_field(value, [&](const auto& field) { fields.push_back(text_of(field)); });
  return fields;
}

template <class T>
std::string list_of(const T& value) {
  std::vector<std::string> fields = fields_of(value);
  const std::vector<std::string> defaults = fields_of(T{});
  while (!fields.empty() && fields.back() == defaults[fields.size() - 1]) fields.pop_back();
  std::string text;
  for (const std::string& field : fields) text += (text.empty() ? "" : ", ") + field;
  return "(" + text + ")";
}

template <class T>
std::string text_of(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "yes" : "no";
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<int>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return quoted(value);
  } else if constexpr (std::is_same_v<T, Time>) {
    return std::to_string(value.time_since_epoch().count()) + "us";
  } else if constexpr (std::is_same_v<T, Duration>) {
    return std::to_string(value.count()) + "us";
  } else if constexpr (std::is_same_v<T, Usual<Origin>>) {
    return text_of(*value);  // one that says nothing is as good as none
  } else if constexpr (is_optional<T> || is_rare<T>) {
    return value ? text_of(*value) : "none";
  } else if constexpr (is_vector<T>) {
    std::string text;
    for (const auto& item : value) text += (text.empty() ? "" : ", ") + text_of(item);
    return "[" + text + "]";
  } else if constexpr (is_variant<T>) {  // an event, or a fact
    return std::visit([](const auto& e) { return name_of(Event{e}) + list_of(e); }, value);
  } else {
    return list_of(value);
  }
}

// Numbers count up, strings are golden1, golden2, …: names that the golden log defines.
class Filler {
 public:
  template <class T>
  void fill(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      value = true;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(2);
    } else if constexpr (std::is_arithmetic_v<T>) {
      value = static_cast<T>(++numbers_);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = "golden" + std::to_string(++strings_);
    } else if constexpr (std::is_same_v<T, Time>) {
      value = Time{Duration{1'000'000'000'000'000 + ++numbers_}};
    } else if constexpr (std::is_same_v<T, Duration>) {
      value = Duration{1'000'000 + ++numbers_};
    } else if constexpr (is_optional<T> || is_rare<T> || is_vector<T>) {
      fill_item(value);
    } else if constexpr (std::is_same_v<T, Usual<Origin>>) {
      fill(value.edit());
    } else if constexpr (is_variant<T>) {
      fill(value.template emplace<1>());
    } else {
      boost::pfr::for_each_field(value, [this](auto& field) { this->fill(field); });
    }
  }

 private:
  template <class T>
  void fill_item(std::optional<T>& value) {
    fill(value.emplace());
  }
  template <class T>
  void fill_item(Rare<T>& value) {
    value = T{};
    fill(*value);
  }
  template <class T>
  void fill_item(std::vector<T>& value) {
    fill(value.emplace_back());
  }

  int numbers_ = 0;
  int strings_ = 0;
};

}  // namespace ratchet::engine::golden
