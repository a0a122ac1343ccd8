#include "tests/workflows/failure_runs.h"

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include "tests/workflows/fake_cluster.h"
#include "tests/workflows/fake_group_cluster.h"
#include "tests/workflows/fake_two_sets.h"
#include "tests/workflows/one_run.h"
#include "workflows/mysql/horizontal_scaling.h"
#include "workflows/mysql/restart.h"
#include "workflows/mysql/version_rules.h"
#include "workflows/mysql/vertical_scaling.h"

namespace ratchet::mysql::testing {
namespace {

constexpr const char* new_resources_of_all = "bigger";
constexpr const char* our_run = "run-1";

// Makes it happen at the step of a row.
class Hand {
 public:
  Hand(const Moment& moment, Happens what) : moment_(moment), what_(what) {}

  bool performed() const { return performed_; }
  const std::set<std::string>& begun() const { return begun_; }

  void at(FakeDatabase& world, const std::string& step) {
    begun_.insert(step);
    if (!moment_.first.empty() && !failed_before_) {
      failed_before_ = step == moment_.first;
      if (failed_before_) throw Refusal{{"refused", "step " + step + " was refused"}};
      return;
    }
    if (step != moment_.step || ++times_ != moment_.nth) return;
    performed_ = true;
    if (what_ == Happens::fails) throw Refusal{{"refused", "step " + step + " was refused"}};
    if (what_ == Happens::cancelled) world.cancel_run();
    if (what_ == Happens::deleted) world.delete_database();
  }

 private:
  const Moment& moment_;
  Happens what_;
  bool failed_before_ = false;
  int times_ = 0;
  bool performed_ = false;
  std::set<std::string> begun_;
};

// A pod, or the place of one, and the claim that goes with it.
struct Seen {
  std::string image;
  std::string resources = {};
  bool unplaced = false;
  bool held = false;
  bool marked = false;
  bool replaced = false;
};

void count(Left& left, const Seen& seen, const std::string& target) {
  ++left.members;
  left.held += seen.held ? 1 : 0;
  left.of_target += seen.image == target ? 1 : 0;
  left.resized += seen.resources == new_resources_of_all ? 1 : 0;
  left.unplaced += seen.unplaced ? 1 : 0;
  left.marked += seen.marked ? 1 : 0;
  left.replaced += seen.replaced ? 1 : 0;
}

// What the three kinds of databases have in common.
struct Looks {
  int wanted = 0;  // members, of a horizontal scaling

  void look_at(Left& left, const FakeDatabase& database, const std::string& target,
               const std::string& set_image, int replicas) const {
    left.touched = !database.writes.empty();
    left.paused = !database.paused_by.empty();
    left.gone = database.gone;
    for (const auto& [name, who] : database.paused_backups) {
      left.paused_backups += who == our_run ? 1 : 0;
    }
    const bool resize = left.wish == Wish::resize;
    if (left.wish == Wish::scale) {
      left.recorded = database.spec_replicas == wanted;
      left.set_as_wished = replicas == wanted;
      left.set_as_spec = replicas == database.spec_replicas;
    } else {
      left.recorded = resize ? database.spec_resources == new_resources_of_all
                             : "image:" + database.version == target;
      left.set_as_wished =
          resize ? database.set_resources == new_resources_of_all : set_image == target;
      left.set_as_spec = database.set_resources == database.spec_resources;
    }
  }
};

struct AStandalone : FakeCluster, Looks {
  using FakeCluster::FakeCluster;
  void look(Left& left) const {
    look_at(left, *this, "image:" + to_, set ? set->image : "", 1);
    Seen seen{.image = "", .marked = claim_version == to_, .replaced = !pod || pod->uid != "pod1"};
    if (pod) {
      seen.image = pod->image;
      seen.resources = pod->resources;
      seen.unplaced = pod->resources == unschedulable;
      seen.held = pod->is_protected;
    }
    count(left, seen, "image:" + to_);
  }
};

struct ACluster : FakeGroupCluster, Looks {
  ACluster(std::string from, std::string to, bool semi)
      : FakeGroupCluster(std::move(from), std::move(to)) {
    if (semi) topology = semi_sync;
    note();
  }
  void note() {
    first.clear();
    for (const FakeMember& member : members) first.push_back(member.uid);
  }
  void look(Left& left) const {
    const int there = members.size() == replicas ? static_cast<int>(replicas) : -1;
    look_at(left, *this, "image:" + to_, set_image, there);
    for (std::size_t i = 0; i < members.size(); ++i) {
      const FakeMember& member = members[i];
      const Seen seen{.image = member.image,
                      .resources = member.resources,
                      .unplaced = member.resources == unschedulable,
                      .held = member.is_protected,
                      .marked = member.claim_version == to_,
                      .replaced = i >= first.size() || member.uid != first[i]};
      count(left, seen, "image:" + to_);
    }
  }
  std::vector<std::string> first;
};

// That grows by two, or shrinks by two after its last member, the primary, has made way.
struct AScaled : ACluster {
  AScaled(int from, int to) : ACluster("9.7.4", "9.7.4", false) {
    scale_to(from);
    spec_replicas = from;
    primary = to < from ? members.size() - 1 : 0;
    wanted = to;
    note();
  }
};

// All volumes that the target opens are its own.
struct TwoSets : FakeTwoSets, Looks {
  TwoSets(std::string from, bool asked_for, bool semi) : FakeTwoSets(std::move(from), "9.7.4") {
    asks = asked_for;
    if (semi) topology = semi_sync;
  }
  void look(Left& left) const {
    const std::string target = "image:" + to_;
    const bool begun = sets.contains("my-group-1");
    look_at(left, *this, target, begun ? sets.at("my-group-1").image : "", 0);
    for (const auto& [name, pod] : pods) {
      const bool ours = pod.set == "my-group-1";
      count(left, {.image = pod.image, .held = pod.is_protected, .marked = ours, .replaced = ours},
            target);
    }
  }
};

// A volume of it is copied, and one of two configurations is paused by somebody else.
template <class Cluster>
struct WithBackups : Cluster {
  template <class... Args>
  explicit WithBackups(Args... args) : Cluster(args...) {
    Backups& all = this->backups.emplace();
    all.set_snapshot_class("csi");
    all.set_server_version("as it was");
    for (const char* name : {"hourly", "others"}) {
      BackupConfiguration& one = *all.add_configurations();
      one.set_space("demo");
      one.set_name(name);
      one.set_paused(std::string(name) == "others");
      if (one.paused()) this->paused_backups[name] = "ann";
    }
  }
};

struct Asked {
  std::string workflow;
  std::unique_ptr<google::protobuf::Message> request;
};

template <class Request>
Asked asked(const std::string& workflow, Request request) {
  return {workflow, std::make_unique<Request>(std::move(request))};
}

Asked asked_of(const FakeDatabase& database, Wish wish, int wanted) {
  if (wish == Wish::restart) return asked(restart_name, database.restart_request());
  if (wish == Wish::resize) {
    return asked(vertical_scaling_name, database.vertical_request(new_resources_of_all));
  }
  if (wish == Wish::scale) {
    return asked(horizontal_scaling_name, database.horizontal_request(wanted));
  }
  return asked(update_version_name, database.request());
}

template <class Cluster>
Left perform(Cluster& cluster, Wish wish, const Moment& moment, Happens what) {
  Hand hand(moment, what);
  cluster.window = "any time";
  if constexpr (requires { cluster.target_image_missing; }) {
    cluster.target_image_missing = moment.image_missing;
  }
  if (moment.no_room) cluster.unschedulable = new_resources_of_all;
  cluster.at_begin = [&](const std::string& step) { hand.at(cluster, step); };
  const Asked asked = asked_of(cluster, wish, cluster.wanted);
  const OneRun run(cluster, asked.workflow, *asked.request);
  Left left;
  left.wish = wish;
  left.begun = hand.begun();
  left.performed = hand.performed();
  left.state = run.state();
  left.message = run.failure();
  cluster.look(left);
  return left;
}

using Performance = std::function<Left(const Moment&, Happens)>;

// On a database that is made of `args`.
template <class Cluster, class... Args>
Performance on_a(Wish wish, Args... args) {
  return [=](const Moment& moment, Happens what) {
    Cluster cluster(args...);
    return perform(cluster, wish, moment, what);
  };
}

using Sections = std::map<std::string, std::vector<Performance>>;

template <class Standalone, class Cluster>
Sections upgrades(const std::string& with) {
  const Wish wish = Wish::upgrade;
  return {
      {"Upgrade of a standalone server" + with,
       {on_a<Standalone>(wish, "10.11.6", "11.8.6"), on_a<Standalone>(wish, "11.8.5", "11.8.6")}},
      {"Upgrade of a cluster" + with,
       {on_a<Cluster>(wish, "9.7.3", "9.7.4", false),
        on_a<Cluster>(wish, "9.7.3", "9.7.4", true)}}};
}

// To what runs.
Sections restarts(const std::string& name, Wish wish) {
  return {{name + " of a standalone server", {on_a<AStandalone>(wish, "11.8.6", "11.8.6")}},
          {name + " of a cluster",
           {on_a<ACluster>(wish, "9.7.4", "9.7.4", false),
            on_a<ACluster>(wish, "9.7.4", "9.7.4", true)}}};
}

Sections all_sections() {
  Sections all = upgrades<AStandalone, ACluster>("");
  all.merge(upgrades<WithBackups<AStandalone>, WithBackups<ACluster>>(", with backups"));
  all.merge(restarts("Restart", Wish::restart));
  all.merge(restarts("Vertical scaling", Wish::resize));
  all["Upgrade by another StatefulSet"] = {on_a<TwoSets>(Wish::upgrade, "9.7.3", true, false),
                                           on_a<TwoSets>(Wish::upgrade, "8.4.8", false, false),
                                           on_a<TwoSets>(Wish::upgrade, "9.7.3", true, true),
                                           on_a<TwoSets>(Wish::upgrade, "8.4.8", false, true)};
  all["Upgrade by another StatefulSet, with backups"] = {
      on_a<WithBackups<TwoSets>>(Wish::upgrade, "9.7.3", true, false),
      on_a<WithBackups<TwoSets>>(Wish::upgrade, "8.4.8", false, false),
      on_a<WithBackups<TwoSets>>(Wish::upgrade, "9.7.3", true, true)};
  all["Horizontal scaling, to more members"] = {on_a<AScaled>(Wish::scale, 3, 5)};
  all["Horizontal scaling, to fewer members"] = {on_a<AScaled>(Wish::scale, 5, 3)};
  return all;
}

}  // namespace

std::vector<Left> perform_all(const std::string& section, const Moment& moment, Happens what) {
  static const Sections all = all_sections();
  const auto found = all.find(section);
  std::vector<Left> left;
  if (found == all.end()) {
    ADD_FAILURE() << "the page has a section that nothing performs: " << section;
    return left;
  }
  for (const Performance& performance : found->second) left.push_back(performance(moment, what));
  return left;
}

std::set<std::string> all_activities() {
  AStandalone standalone("11.8.5", "11.8.6");
  ACluster cluster("9.7.3", "9.7.4", false);
  TwoSets sets("9.7.3", true, false);
  const OneRun first(standalone);
  const OneRun second(cluster);
  const OneRun third(sets);
  std::set<std::string> served = standalone.served;
  served.insert(cluster.served.begin(), cluster.served.end());
  served.insert(sets.served.begin(), sets.served.end());
  return served;
}

}  // namespace ratchet::mysql::testing
