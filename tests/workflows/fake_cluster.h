// A standalone database behind the MySQL port, in a few fields: what a workflow can see and change,
// with the preconditions of the real thing. Each write is counted by what it did to which object.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/runtime/engine.h"
#include "engine/testing/crash_matrix.h"
#include "workflows/mysql/gate.h"
#include "workflows/mysql/ports.h"

namespace ratchet::mysql::testing {

struct FakeSet {
  std::string uid;
  std::string image;
  std::string mark;
};

struct FakePod {
  std::string uid;
  std::string image;
  std::string owner;  // uid of the set
  bool is_protected = false;
  std::string mark;
  bool deleting = false;
};

class FakeCluster : public engine::testing::World {
 public:
  // The database runs `from`; the catalogue knows `from` and `to`.
  FakeCluster(std::string from, std::string to);

  void serve(engine::Handlers& handlers, engine::Host& host) override;
  // Everything lasting, and every write, sorted.
  std::string state() const override;

  UpdateRequest request() const;

  // Faults, set before the run.
  std::map<std::string, engine::Failure> refuse;  // activity → why it fails for good
  bool database_exists = true;
  int exit_code = 0;                  // of the old server
  bool target_image_missing = false;  // its containers are never created
  bool target_crashes = false;        // its server starts, and ends
  std::string claim_version;
  std::int64_t prepared_transactions = 0;
  std::vector<Finding> findings;  // of each look
  // What changes while somebody decides: called at each look, which are counted from 1.
  std::function<void(FakeCluster&, int look)> at_look;
  bool needs_approval = false;  // of request()
  std::string window;
  engine::Time window_begins{};  // the only one there is

  // What there is.
  std::string version;    // MySQL.spec.version
  std::string paused_by;  // run id
  std::optional<FakeSet> set;
  std::optional<FakePod> pod;
  std::int64_t fast_shutdown = 1;
  std::vector<std::string> writes;

 private:
  using Info = engine::AttemptInfo;
  template <class In, class Out>
  void on(engine::Handlers& handlers, engine::Host& host, const Activity<In, Out>& activity,
          std::function<Out(const Info&, const In&)> act,
          std::function<std::optional<Out>(const Info&, const In&)> look = nullptr);
  void serve_database(engine::Handlers& handlers, engine::Host& host);
  void serve_set(engine::Handlers& handlers, engine::Host& host);
  void serve_pod(engine::Handlers& handlers, engine::Host& host);
  void serve_claim(engine::Handlers& handlers, engine::Host& host);
  void serve_server(engine::Handlers& handlers, engine::Host& host);
  void serve_waits(engine::Handlers& handlers, engine::Host& host);
  void serve_look(engine::Handlers& handlers, engine::Host& host);

  std::string new_uid(const std::string& what) { return what + std::to_string(++uids_[what]); }
  void wrote(const std::string& what) { writes.push_back(what); }
  void start_pod();  // as the StatefulSet controller would
  bool target_runs() const { return pod && pod->image == "image:" + to_; }

  std::string from_;
  std::string to_;
  std::map<std::string, int> uids_;
  int looks_ = 0;
};

}  // namespace ratchet::mysql::testing
