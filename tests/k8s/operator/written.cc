#include "tests/k8s/operator/written.h"

#include <algorithm>
#include <map>
#include <regex>
#include <stdexcept>
#include <variant>

#include "engine/inspect/history.h"
#include "tests/k8s/provisioner/yaml.h"

namespace ratchet::k8s::testing {

namespace {

struct Intent {
  std::string mark;  // "<run id>.<command>", which the write leaves where it can
  std::string kind;  // "patch pods"
  std::string activity;
};

// What each activity writes, by its name.
std::map<std::string, std::string> read_kinds() {
  const std::string program = read_source("tests/e2e/audit.py");
  const auto begin = program.find("WRITE_OF = {");
  if (begin == std::string::npos) throw std::runtime_error("tests/e2e/audit.py has no WRITE_OF");
  const std::string table = program.substr(begin, program.find('}', begin) - begin);
  static const std::regex line(R"re("([a-z_]+)": \("([a-z]+)", "([a-z/]+)"\))re");
  std::map<std::string, std::string> kinds;
  for (std::sregex_iterator at(table.begin(), table.end(), line), end; at != end; ++at) {
    kinds[(*at)[1].str()] = (*at)[2].str() + " " + (*at)[3].str();
  }
  return kinds;
}

std::vector<Intent> intents_in(const store::LogReader& log) {
  const std::map<std::string, std::string> kinds = read_kinds();
  std::vector<Intent> intents;
  for (const engine::RunInfo& run : engine::list_runs(log)) {
    for (const engine::HistoryTurn& record : engine::read_history(log, run.run)) {
      for (const engine::Event& event : record.turn.events) {
        const auto* step = std::get_if<engine::StepScheduled>(&event);
        const auto kind = step == nullptr ? kinds.end() : kinds.find(step->activity);
        if (kind == kinds.end()) continue;
        intents.push_back(
            {run.run_id + "." + std::to_string(step->command), kind->second, step->activity});
      }
    }
  }
  return intents;
}

std::string kind_of(const Written& write) {
  return write.verb + " " + write.plural + (write.subresource.empty() ? "" : "/") +
         write.subresource;
}

std::string mark_in(const Written& write) {
  const nlohmann::json::json_pointer mark("/metadata/annotations/ratchet.dev~1change");
  return write.body.is_object() ? write.body.value(mark, "") : "";
}

}  // namespace

std::vector<std::string> unmatched(const std::vector<Written>& writes,
                                   const store::LogReader& log) {
  std::vector<Intent> open = intents_in(log);
  std::vector<std::string> strange;
  for (const Written& write : writes) {
    const std::string mark = mark_in(write);
    const auto intent = std::ranges::find_if(open, [&](const Intent& one) {
      return one.kind == kind_of(write) && (mark.empty() || mark == one.mark);
    });
    if (intent == open.end()) {
      strange.push_back("no intent in the log for: " + kind_of(write) + " " + write.name);
    } else {
      open.erase(intent);
    }
  }
  for (const Intent& intent : open) {
    strange.push_back("nothing was written for: " + intent.activity + " " + intent.mark);
  }
  return strange;
}

}  // namespace ratchet::k8s::testing
