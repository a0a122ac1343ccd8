// A replication group or semi-synchronous cluster, of three at first, behind the MySQL ports: pods,
// claims, servers, and somebody who takes every server that comes up into it, and moves the primary
// to the successor that is named, as the provisioner does.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/workflows/fake_database.h"
#include "workflows/mysql/group_ports.h"

namespace ratchet::mysql::testing {

struct FakeMember {
  std::string uid;  // of its pod; empty: there is none
  std::string image;
  bool is_protected = false;
  bool deleting = false;
  std::string mark;
  std::string claim_version;
  int exit_code = 0;  // of its server, when it is asked to end
  std::string resources;
};

class FakeGroupCluster : public FakeDatabase {
 public:
  // my-group-0 is the primary.
  FakeGroupCluster(std::string from, std::string to);

  void serve(engine::Handlers& handlers, engine::Host& host) override;
  // Everything lasting, and every write, sorted.
  std::string state() const override;

  std::string image(std::size_t i) const { return members[i].image; }
  void scale_to(int n);  // the set

  // Faults, set before the run.
  std::vector<std::string> lacks;  // of the group, as seen at first
  std::map<std::string, std::size_t>
      evict_at;                       // activity → member whose pod is deleted just after it
  bool target_image_missing = false;  // its containers are never created
  std::size_t target_crashes_on = 9;  // the member whose new server does not come up
  int given_up = 0;  // hand-overs that the provisioner ends, before one that it makes
  bool provisioner_is_silent = false;  // it makes none

  // What there is.
  std::string set_image, set_mark;
  std::vector<FakeMember> members;
  std::size_t replicas = 3;  // how many of them the set makes
  std::size_t primary = 0;
  std::string topology = "GroupReplication";
  // Of a semi-synchronous cluster.
  unsigned term = 1;
  unsigned acknowledgements = 1;
  std::string successor;           // named in the term
  std::vector<std::string> risks;  // members that were stopped while another was missing
  int elections = 0;               // that nobody asked for

 private:
  void serve_set(engine::Handlers& handlers, engine::Host& host);
  void serve_pods(engine::Handlers& handlers, engine::Host& host);
  void serve_release(engine::Handlers& handlers, engine::Host& host);
  void serve_servers(engine::Handlers& handlers, engine::Host& host);
  void serve_group(engine::Handlers& handlers, engine::Host& host);
  void serve_hand_over(engine::Handlers& handlers, engine::Host& host);
  void serve_waits(engine::Handlers& handlers, engine::Host& host);
  void serve_replicas(engine::Handlers& handlers, engine::Host& host);
  void describe(Database& database) const override { database.set_topology(topology); }
  Sight see() override;
  void after(const std::string& activity) override;
  void collect() override;

  GroupState look(const std::string& without = "") const;
  bool serves(std::size_t i) const;
  bool comes_up(std::size_t i) const;
  bool has_room(std::size_t i) const { return members[i].resources != unschedulable; }
  void remove(std::size_t i);  // the pod; once it is let go, the set makes another, or not
  void let_go(std::size_t i);
  void make_pod(std::size_t i);
  void make_primary(std::size_t i);  // nobody asked for it
  std::size_t ordinal(const std::string& pod) const;
  FakeMember* find(const std::string& pod, const std::string& uid);

  int uids_ = 0;
  std::string replicas_mark_, spec_mark_;  // of whoever changed them last
  std::string term_mark_;                  // of whoever named a successor last
};

}  // namespace ratchet::mysql::testing
