#include "engine/windows/cron.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace ratchet::engine {

namespace {

using Set = std::bitset<64>;

struct Field {
  const char* name;
  unsigned least;
  unsigned most;
  std::string_view names;  // three letters each; the first is `least`
};

constexpr std::array<Field, 5> fields{{{"minute", 0, 59, ""},
                                       {"hour", 0, 23, ""},
                                       {"day of the month", 1, 31, ""},
                                       {"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
                                       {"day of the week", 0, 7, "SUNMONTUEWEDTHUFRISAT"}}};

// One field of the rule, read from left to right.
class FieldReader {
 public:
  FieldReader(const Field& field, std::string_view text) : field_(field), rest_(text), all_(text) {}

  Set read() {
    Set set;
    do {
      item(set);
    } while (skip(','));
    if (!rest_.empty()) wrong();
    return set;
  }

 private:
  void item(Set& set) {
    unsigned first = field_.least;
    unsigned last = field_.most;
    const bool any = skip('*');
    if (!any) {
      first = value();
      last = skip('-') ? value() : first;
    }
    unsigned step = 1;
    if (skip('/')) {
      step = number();
      if (!any && first == last) last = field_.most;
    }
    if (first > last || step == 0) wrong();
    for (unsigned i = first; i <= last; i += step) set.set(i);
  }

  unsigned value() {
    const unsigned value = name_or_number();
    if (value < field_.least || value > field_.most) wrong();
    return value;
  }

  unsigned name_or_number() {
    for (std::size_t i = 0; i < field_.names.size(); i += 3) {
      const std::string_view name = field_.names.substr(i, 3);
      if (std::ranges::equal(rest_.substr(0, 3), name, [](unsigned char a, char b) {
            return std::toupper(a) == static_cast<unsigned char>(b);
          })) {
        rest_.remove_prefix(3);
        return field_.least + static_cast<unsigned>(i / 3);
      }
    }
    return number();
  }

  unsigned number() {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value > 99) wrong();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  [[noreturn]] void wrong() const {
    throw std::invalid_argument("«" + std::string(all_) + "» is no " + field_.name +
                                " of cron: " + std::to_string(field_.least) + " to " +
                                std::to_string(field_.most) + ", *, lists, ranges and steps");
  }

  const Field& field_;
  std::string_view rest_;
  std::string_view all_;
};

}  // namespace

Cron::Cron(const std::string& text) {
  std::istringstream in(text);
  std::array<Set, 5> sets;
  std::string word;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!(in >> word)) {
      throw std::invalid_argument("the cron rule «" + text + "» has no " + fields[i].name +
                                  "; it has five fields: minute hour day month weekday");
    }
    sets[i] = FieldReader(fields[i], word).read();
    if (i == 2) any_day_ = word.starts_with('*');
    if (i == 4) any_weekday_ = word.starts_with('*');
  }
  if (in >> word)
    throw std::invalid_argument("the cron rule «" + text + "» has more than 5 fields");
  days_ = sets[2];
  months_ = sets[3];
  weekdays_ = sets[4];
  if (weekdays_.test(7)) weekdays_.set(0);
  for (unsigned hour = 0; hour < 24; ++hour) {
    for (unsigned minute = 0; minute < 60; ++minute) {
      if (sets[1].test(hour) && sets[0].test(minute)) times_.emplace_back(60 * hour + minute);
    }
  }
}

bool Cron::matches(const CronDay& day) const {
  if (!months_.test(day.month)) return false;
  const bool by_day = days_.test(day.day);
  const bool by_weekday = weekdays_.test(day.weekday);
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

}  // namespace ratchet::engine
