#include "tests/workflows/fake_database.h"

#include <algorithm>
#include <utility>

#include "workflows/mysql/plan.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::mysql::testing {

using engine::Handlers;
using engine::Host;

FakeDatabase::FakeDatabase(std::string name, std::string from, std::string to)
    : version(from), from_(std::move(from)), to_(std::move(to)), name_(std::move(name)) {}

UpdateRequest FakeDatabase::request() const {
  UpdateRequest request;
  request.mutable_database()->set_space("demo");
  request.mutable_database()->set_name(name_);
  request.set_request("upgrade");
  request.set_target_version(to_);
  request.set_step_timeout_us(1'200'000'000);
  request.set_generation(1);
  request.set_needs_approval(needs_approval);
  request.set_window(window);
  return request;
}

void FakeDatabase::serve_look(Handlers& handlers, Host& host) {
  on<LookAtDatabase, Sight>(handlers, host, look_at_database,
                            [this](const Info&, const LookAtDatabase&) {
                              Sight sight = see();
                              for (const Finding& finding : findings)
                                *sight.add_findings() = finding;
                              return sight;
                            });
  on<MakePlan, Plan>(handlers, host, make_plan,
                     [](const Info&, const MakePlan& in) { return plan_of(in); });
  on<FindWindow, FoundWindow>(
      handlers, host, find_window, [this](const Info&, const FindWindow& in) {
        FoundWindow found;
        found.set_begin_us(std::max(window_begins.time_since_epoch().count(), in.at_us()));
        found.set_end_us(found.begin_us() + 3'600'000'000);
        return found;
      });
}

void FakeDatabase::serve_database(Handlers& handlers, Host& host) {
  on<InspectDatabase, Database>(
      handlers, host, inspect_database, [this](const Info&, const InspectDatabase& in) {
        Database database;
        *database.mutable_ref() = in.database();
        database.set_uid("db1");
        describe(database);
        for (auto [entry, name] : {std::pair(database.mutable_current(), version),
                                   std::pair(database.mutable_target(), in.target_version())}) {
          entry->set_name(name);
          entry->set_version(name);
          entry->set_image("image:" + name);
        }
        return database;
      });
  on<CheckUpgrade, UpgradeRules>(
      handlers, host, check_upgrade,
      [](const Info&, const CheckUpgrade& in) { return rules_for(in.database()); });
  on<PauseDatabase, Done>(
      handlers, host, pause_database,
      [this](const Info& info, const PauseDatabase&) {
        paused_by = info.run_id;
        wrote("pause db");
        return Done{};
      },
      [this](const Info& info, const PauseDatabase&) {
        return when<Done>(paused_by == info.run_id);
      });
  on<RecordVersion, Done>(
      handlers, host, record_version,
      [this](const Info&, const RecordVersion& in) {
        version = in.to_version();
        wrote("record version " + version);
        return Done{};
      },
      [this](const Info&, const RecordVersion& in) {
        return when<Done>(version == in.to_version());
      });
  on<ResumeDatabase, Done>(
      handlers, host, resume_database,
      [this](const Info&, const ResumeDatabase&) {
        paused_by.clear();
        wrote("resume db");
        return Done{};
      },
      [this](const Info& info, const ResumeDatabase&) {
        return when<Done>(paused_by != info.run_id);
      });
}

std::string FakeDatabase::sorted_writes() const {
  std::vector<std::string> sorted = writes;
  std::ranges::sort(sorted);
  std::string lines;
  for (const std::string& write : sorted) lines += write + "\n";
  return lines;
}

}  // namespace ratchet::mysql::testing
