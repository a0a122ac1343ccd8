#include "k8s/adapters/window_rule.h"

#include <sstream>
#include <stdexcept>
#include <vector>

#include "k8s/api/duration.h"

namespace ratchet::k8s {

engine::WindowRule read_window(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  if (words.size() != 7) {
    throw std::invalid_argument("\"" + text +
                                "\" is no \"<cron> <duration> <time zone>\", such as \"0 2 * * "
                                "SAT,SUN 2h Europe/Berlin\": five fields of cron, a duration, a "
                                "time zone");
  }
  const auto duration = parse_duration(words[5]);
  if (!duration || *duration < std::chrono::minutes{1}) {
    throw std::invalid_argument("\"" + words[5] + "\" is no duration of a minute or more");
  }
  engine::WindowRule rule;
  for (std::size_t i = 0; i < 5; ++i) rule.cron += (i == 0 ? "" : " ") + words[i];
  rule.duration = std::chrono::floor<std::chrono::minutes>(*duration);
  rule.zone = words[6];
  return rule;
}

engine::Window window_with(const engine::WindowRule& rule, engine::Time at,
                           engine::Duration needs) {
  if (needs > rule.duration) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(needs).count();
    throw std::invalid_argument("the windows are shorter than the outage of " +
                                std::to_string(seconds) + " s that the plan expects");
  }
  engine::Window window = engine::next_window(rule, at);
  const bool too_late = window.begin < at && window.end - at < needs;
  return too_late ? engine::next_window(rule, window.end) : window;
}

}  // namespace ratchet::k8s
