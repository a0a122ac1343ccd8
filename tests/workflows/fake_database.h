// What the fakes behind the MySQL ports have in common: the MySQL object, the catalogue, the look
// before an upgrade, and how they answer the engine. Each write is counted by what it did to which
// object.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/runtime/engine.h"
#include "engine/testing/crash_matrix.h"
#include "tests/workflows/fake_handlers.h"
#include "workflows/mysql/backup_ports.h"
#include "workflows/mysql/gate.h"
#include "workflows/mysql/ports.h"
#include "workflows/mysql/scaling_ports.h"

namespace ratchet::mysql::testing {

class FakeDatabase : public engine::testing::World {
 public:
  // It runs `from`; the catalogue knows `from` and `to`.
  FakeDatabase(std::string name, std::string from, std::string to);

  UpdateRequest request() const;
  RestartRequest restart_request() const;
  HorizontalScalingRequest horizontal_request(int members) const;
  VerticalScalingRequest vertical_request(const std::string& resources = "bigger") const;

  // Faults, set before the run.
  std::map<std::string, engine::Failure> refuse;  // activity → why it fails for good
  std::vector<Finding> findings;                  // of each look
  std::string image_trouble;                      // why no node can pull the target's image
  // The imageID of the target's image, by the member whose node has it; "": of all others. None: no
  // node tells one.
  std::map<std::string, std::string> image_ids;
  std::string started_id;          // the imageID of containers that are started; empty: not known
  std::optional<Backups> backups;  // that each look sees; nothing: none looks
  bool needs_approval = false;     // of request()
  std::string window;
  // Called when a step is begun; may throw a Refusal, or do what somebody does just then.
  std::function<void(const std::string& activity)> at_begin;
  engine::Time window_begins{};  // the only one there is
  std::string unschedulable;     // no container of a pod with these resources is ever created

  // What there is.
  std::string version;    // MySQL.spec.version
  std::string paused_by;  // run id
  int spec_replicas = 3;  // MySQL.spec.replicas
  std::string spec_resources = "former";
  std::string set_resources = "former";  // of the StatefulSet's template
  std::vector<std::string> writes;
  std::map<std::string, std::string> image_checks;  // pods → marks
  int checked_images = 0;
  std::set<std::string> pinned;  // digests that servers which had started were to have
  std::map<std::string, std::string> paused_backups;  // names → who has paused them
  std::string snapshot_mark;                          // of the one that was taken
  bool gone = false;                                  // the MySQL object
  std::set<std::string> served;                       // activities

  // What somebody does: deletes the MySQL, whose claims stay; cancels the run (set by whoever runs
  // it).
  void delete_database();
  std::function<void()> cancel_run;

 protected:
  using Info = engine::AttemptInfo;
  template <class In, class Out>
  void on(engine::Handlers& handlers, engine::Host& host, const Activity<In, Out>& activity,
          std::function<Out(const Info&, const In&)> act,
          std::function<std::optional<Out>(const Info&, const In&)> look = nullptr);
  void serve_database(engine::Handlers& handlers, engine::Host& host);
  void serve_look(engine::Handlers& handlers, engine::Host& host);
  void serve_image_checks(engine::Handlers& handlers, engine::Host& host);
  void serve_backups(engine::Handlers& handlers, engine::Host& host);
  void serve_resources(engine::Handlers& handlers, engine::Host& host);
  // Throws a Refusal if a container that was started has another image than that, as the real
  // handlers of verify_server and verify_group do.
  void expect_image(const ImageId& wanted);
  // What is not as it is at first, for state().
  std::string scaled() const;
  void wrote(const std::string& what) { writes.push_back(what); }
  std::string sorted_writes() const;  // a line each, and what was left behind

  std::string from_;
  std::string to_;

 private:
  // What is not the same of all: how the database is laid out (a Refusal if there is none), and
  // what a look sees of it.
  virtual void describe(Database& database) const = 0;
  virtual Sight see() = 0;
  // Called when an activity has been done.
  virtual void after(const std::string& /*activity*/) {}
  // What nobody owns any more goes: all but a pod that is protected.
  virtual void collect() = 0;
  void begin(const std::string& activity) const;

  std::string name_;
  std::string resources_mark_;  // of the StatefulSet
};

template <class In, class Out>
void FakeDatabase::on(engine::Handlers& handlers, engine::Host& host,
                      const Activity<In, Out>& activity,
                      std::function<Out(const Info&, const In&)> act,
                      std::function<std::optional<Out>(const Info&, const In&)> look) {
  const std::string name = activity.info().name;
  served.insert(name);
  const bool looks = look != nullptr;
  std::function<std::optional<Out>(const Info&, const In&)> first_look;
  if (looks) {
    first_look = [this, name, look](const Info& info, const In& in) {
      begin(name);
      return look(info, in);
    };
  }
  serve_one<In, Out>(
      handlers, host, activity, refuse,
      [this, name, act, looks](const Info& info, const In& in) {
        if (!looks) begin(name);
        const Out out = act(info, in);
        after(name);
        if (gone) collect();
        return out;
      },
      std::move(first_look));
}

}  // namespace ratchet::mysql::testing
