#include "tools/ratchetd/settings.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace ratchet::ratchetd {

namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw CLI::ValidationError(where, why);
}

std::string name_of(const CLI::Option& option) {
  return option.get_lnames().empty() ? "" : option.get_lnames().front();
}

bool is_repeatable(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

// `where`: the variable, or the file and line, that says so.
void give(CLI::Option& option, const std::string& value, const std::string& where) {
  try {
    const bool flag = option.get_expected_min() == 0;
    option.add_result(flag ? option.get_flag_value(name_of(option), value) : value);
    option.run_callback();
  } catch (const CLI::ParseError& error) {
    refuse(where, error.what());
  }
}

void give_variable(CLI::Option& option) {
  const std::string variable = variable_of(option);
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr || *value == '\0') return;
  const std::string where = "environment variable " + variable;
  if (!is_repeatable(option)) return give(option, value, where);
  std::istringstream values{std::string(value)};
  for (std::string one; std::getline(values, one, ',');) give(option, one, where);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Reads the file; what is not `open` was said elsewhere already and is only looked at.
class SettingsFile {
 public:
  SettingsFile(const std::string& file, const std::map<std::string, CLI::Option*>& all,
               const std::vector<CLI::Option*>& open)
      : file_(file), all_(all), open_(open) {}

  void read() {
    std::ifstream in(file_);
    if (!in) refuse("--config", "cannot read " + file_);
    std::string text;
    while (std::getline(in, text)) {
      ++number_;
      const std::string_view said = trimmed(text);
      if (!said.empty() && said.front() != '#') line(said);
    }
    if (in.bad()) refuse("--config", "cannot read " + file_);
  }

 private:
  std::string where() const { return file_ + ":" + std::to_string(number_); }

  void line(std::string_view said) {
    const std::size_t equals = said.find('=');
    if (equals == std::string_view::npos) {
      refuse(where(), "'" + std::string(said) + "' is not `name = value`");
    }
    const std::string name(trimmed(said.substr(0, equals)));
    const auto known = all_.find(name);
    if (known == all_.end()) {
      refuse(where(), "there is no option '" + name + "': ratchetd --help names them");
    }
    CLI::Option& option = *known->second;
    const auto [first, fresh] = said_.try_emplace(name, number_);
    if (!fresh && !is_repeatable(option)) {
      refuse(where(), name + " is said on line " + std::to_string(first->second) + " already");
    }
    if (std::ranges::find(open_, &option) == open_.end()) return;
    give(option, std::string(trimmed(said.substr(equals + 1))), where());
  }

  const std::string& file_;
  const std::map<std::string, CLI::Option*>& all_;
  const std::vector<CLI::Option*>& open_;
  std::size_t number_ = 0;
  std::map<std::string, std::size_t> said_;  // name: line
};

}  // namespace

std::string variable_of(const CLI::Option& option) {
  if (!option.get_envname().empty()) return option.get_envname();
  std::string variable = "RATCHETD_" + name_of(option);
  for (char& c : variable) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

void take_settings(CLI::App& app, const std::string& file) {
  std::map<std::string, CLI::Option*> all;
  for (CLI::Option* option : app.get_options()) {
    if (option->get_configurable() && !name_of(*option).empty()) all[name_of(*option)] = option;
  }
  const auto still_open = [&all] {
    std::vector<CLI::Option*> open;
    for (const auto& [name, option] : all) {
      if (option->count() == 0) open.push_back(option);
    }
    return open;
  };
  for (CLI::Option* option : still_open()) give_variable(*option);
  const std::vector<CLI::Option*> open = still_open();
  if (!file.empty()) SettingsFile(file, all, open).read();
}

}  // namespace ratchet::ratchetd
