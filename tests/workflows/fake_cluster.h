// A standalone database behind the MySQL port, in a few fields: what a workflow can see and change,
// with the preconditions of the real thing.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "tests/workflows/fake_database.h"

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
  std::string resources = {};
};

class FakeCluster : public FakeDatabase {
 public:
  FakeCluster(std::string from, std::string to);

  void serve(engine::Handlers& handlers, engine::Host& host) override;
  // Everything lasting, and every write, sorted.
  std::string state() const override;

  // Faults, set before the run.
  bool database_exists = true;
  int exit_code = 0;                  // of the old server
  bool target_image_missing = false;  // its containers are never created
  bool target_crashes = false;        // its server starts, and ends
  std::string claim_version;
  std::int64_t prepared_transactions = 0;
  std::string evict_at;  // activity: the pod is deleted by somebody else just after it, once
  // What changes while somebody decides: called at each look, which are counted from 1.
  std::function<void(FakeCluster&, int look)> at_look;

  // What there is.
  std::optional<FakeSet> set;
  std::optional<FakePod> pod;
  std::int64_t fast_shutdown = 1;

 private:
  void serve_set(engine::Handlers& handlers, engine::Host& host);
  void serve_pod(engine::Handlers& handlers, engine::Host& host);
  void serve_claim(engine::Handlers& handlers, engine::Host& host);
  void serve_server(engine::Handlers& handlers, engine::Host& host);
  void serve_waits(engine::Handlers& handlers, engine::Host& host);
  void describe(Database& database) const override;
  Sight see() override;
  void after(const std::string& activity) override;
  void collect() override;

  std::string new_uid(const std::string& what) { return what + std::to_string(++uids_[what]); }
  void start_pod();   // as the StatefulSet controller would
  void remove_pod();  // which goes once nobody holds it
  bool target_runs() const { return pod && pod->image == "image:" + to_; }
  bool has_room() const { return !pod || pod->resources != unschedulable; }

  std::map<std::string, int> uids_;
  int looks_ = 0;
};

}  // namespace ratchet::mysql::testing
