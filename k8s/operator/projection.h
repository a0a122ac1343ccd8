// What a request's status and Events say, as a pure function of its run's history. The texts are
// KubeDB's, misprints included, so that users' scripts find them: the frame is here, what each type
// says of its own in request_types.cc.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/core/event.h"
#include "engine/inspect/history.h"

namespace ratchet::k8s {

struct Condition {
  std::string type;
  bool holds = true;
  std::string reason;  // may be empty
  std::string message;
  engine::Time since{};
};

// A core Event on the request. Turn and place name it for good: writing it again is harmless.
struct Announcement {
  std::uint32_t turn = 0;
  std::uint32_t place = 0;  // within the turn
  bool warning = false;
  std::string reason;
  std::string message;
  engine::Time at{};
};

// A configuration of Stash or KubeStash that is paused as long as the request needs it.
struct HeldBackup {
  std::string group;
  std::string space;
  std::string name;
};

struct Projection {
  std::string space;         // namespace of request and database
  std::string request;       // name of the request
  std::string database_uid;  // of the MySQL; empty: the run has not found it yet
  std::uint32_t kept = 0;    // the run's first turns, if they are copies: Engine::reset
  std::string phase;
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;
  std::vector<Announcement> announcements;
  std::vector<HeldBackup> paused_backups;
  std::string awaited_plan;  // the hash of the plan that a person is asked about; empty: none is
  std::set<std::string> decided_plans;  // hashes (bytes) that decisions named, counted or not
};

// `history` starts with the run's first turn. `signed_approvals`: an approval must be signed, and
// an annotation is none; what waits for one says so. Throws std::invalid_argument if the run is of
// a workflow that answers no request.
Projection project(const std::vector<engine::HistoryTurn>& history, bool signed_approvals = false);

// The request's status. Times have the resolution of the API: seconds.
nlohmann::json status_of(const Projection& projection);

// A time as the API writes it: 2026-11-23T02:14:12Z.
std::string api_time(engine::Time time);

// The name of a request's Event, `<request>.<run>.<turn>.<place>`, of a run that was reset
// `<request>.<run>.reset-2.<turn>.<place>`: their order by name is their order in time, which their
// times (of seconds) do not show.
std::string announcement_name(const Projection& projection, const std::string& run_id,
                              const Announcement& announcement);

}  // namespace ratchet::k8s
