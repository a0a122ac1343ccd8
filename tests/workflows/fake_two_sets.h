// A replication group, or a semi-synchronous cluster, behind the MySQL ports whose StatefulSet is
// replaced by another one: sets, pods, claims, servers, and somebody who takes every server that
// comes up into it, but a tenth, takes votes away and moves the primary, as the provisioner does.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/workflows/fake_database.h"
#include "workflows/mysql/new_set_ports.h"

namespace ratchet::mysql::testing {

struct SetOfTwo {
  std::string uid;
  std::string image;
  int replicas = 3;
};

struct PodOfSet {
  std::string uid;
  std::string image;
  std::string set;    // whose name it has
  bool left = false;  // its set was deleted
  bool is_protected = false;
  bool deleting = false;
};

class FakeTwoSets : public FakeDatabase {
 public:
  // my-group-0 is the primary.
  FakeTwoSets(std::string from, std::string to, int replicas = 3);

  void serve(engine::Handlers& handlers, engine::Host& host) override;
  // Everything lasting, and every write, sorted.
  std::string state() const override;

  // Runs of a test have one id: the next one is to take nothing for its own that another has done.
  void forget_marks() { marks_.clear(); }

  // Faults, set before the run.
  std::set<std::string> broken;                 // pods whose servers do not come up
  std::map<std::string, std::string> evict_at;  // activity → pod that is deleted just after it
  std::map<std::string, std::string> elect_at;  // activity → pod that is elected just after it
  int given_up = 0;  // hand-overs that the provisioner ends, before one that it makes
  bool provisioner_is_silent = false;  // it makes none

  // What there is.
  std::map<std::string, SetOfTwo> sets;
  std::map<std::string, PodOfSet> pods;
  std::set<std::string> out;  // pods whose servers have left the group for good
  std::string primary = "my-group-0";
  std::string topology = "GroupReplication";
  bool asks = true;                    // annotation ratchet.dev/strategy
  std::string recorded_set;            // annotation ratchet.dev/stateful-set
  std::map<std::string, bool> claims;  // that are retained; for a while, or for no time at all
  std::vector<std::string> donors;     // of the new set
  std::vector<std::string> risks;      // pods that were ended while another was missing
  std::size_t most = 0;                // members at a time
  // Of a semi-synchronous cluster.
  unsigned term = 0;
  std::string successor;         // named in the term
  std::set<std::string> voters;  // pods; of one that is gone nobody takes the vote any more
  std::string leaving;           // annotation ratchet.dev/leaving-set

 private:
  void serve_looks(engine::Handlers& handlers, engine::Host& host);
  void serve_sets(engine::Handlers& handlers, engine::Host& host);
  void serve_pods(engine::Handlers& handlers, engine::Host& host);
  void serve_waits(engine::Handlers& handlers, engine::Host& host);
  void serve_move(engine::Handlers& handlers, engine::Host& host);
  void serve_votes(engine::Handlers& handlers, engine::Host& host);
  void serve_hand_over(engine::Handlers& handlers, engine::Host& host);
  void serve_notes(engine::Handlers& handlers, engine::Host& host);
  void describe(Database& database) const override {
    database.set_topology(topology);
    database.set_asks_for_new_set(asks);
    database.set_retention_us(3'600'000'000);
  }
  Sight see() override;
  void after(const std::string& activity) override;
  void collect() override {
    sets.clear();
    for (auto& [name, pod] : pods) pod.deleting = true;
    std::erase_if(pods, [](const auto& pod) { return !pod.second.is_protected; });
  }

  GroupState look(const InspectGroup& in);
  void add_member(GroupState& group, const std::string& pod, const std::string& without);
  Workload workload_of(const std::string& set) const;
  // What its provisioner does with votes; of a group nothing.
  void count_votes();
  bool may_hand_over(const std::string& pod) const;
  void add_votes(GroupState& group, const std::string& without);
  std::string votes() const;  // for state()
  bool serves(const std::string& pod) const;
  bool is(const std::string& pod, const std::string& uid) const;
  void make_pods(const std::string& set);  // as the StatefulSet controller would
  void remove(const std::string& pod);
  void let_go(const std::string& pod);  // which goes once nobody holds it

  std::string holder_;                        // of the term
  int wanted_;                                // spec.replicas of the MySQL
  std::map<std::string, std::string> marks_;  // by object
  int uids_ = 0;
};

}  // namespace ratchet::mysql::testing
