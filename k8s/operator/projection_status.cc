// How a projection is written into the request's status and its Events.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

#include "engine/core/run.h"
#include "k8s/operator/projection.h"

namespace ratchet::k8s {

std::string api_time(engine::Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

nlohmann::json status_of(const Projection& projection) {
  nlohmann::json conditions = nlohmann::json::array();
  for (const Condition& condition : projection.conditions) {
    nlohmann::json& one = conditions.emplace_back(
        nlohmann::json{{"type", condition.type},
                       {"status", condition.holds ? "True" : "False"},
                       {"message", condition.message},
                       {"observedGeneration", projection.observed_generation},
                       {"lastTransitionTime", api_time(condition.since)}});
    if (!condition.reason.empty()) one["reason"] = condition.reason;
  }
  nlohmann::json status = {{"phase", projection.phase},
                           {"observedGeneration", projection.observed_generation},
                           {"conditions", std::move(conditions)}};
  for (const HeldBackup& held : projection.paused_backups) {
    status["pausedBackups"].push_back({{"apiGroup", held.group},
                                       {"kind", "BackupConfiguration"},
                                       {"name", held.name},
                                       {"namespace", held.space}});
  }
  return status;
}

std::string announcement_name(const Projection& projection, const std::string& run_id,
                              const Announcement& announcement) {
  char number[32];
  std::snprintf(number, sizeof number, ".%05u.%02u", announcement.turn, announcement.place);
  const std::size_t reset = engine::first_run_id(run_id).size();
  return projection.request + "." + run_id.substr(0, 8) + run_id.substr(reset) + number;
}

}  // namespace ratchet::k8s
