#include "tests/histories/new_sets.h"

#include <chrono>
#include <string>
#include <utility>

#include "tests/histories/record_run.h"
#include "tests/workflows/fake_two_sets.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::engine::testing {

namespace {

using mysql::testing::FakeTwoSets;

struct NewSet {
  const char* run_id;
  const char* from;
  const char* to;
  void (*fault)(FakeTwoSets& cluster);
};

// As in tests/workflows/new_set_test.cc.
constexpr NewSet new_sets[] = {
    {"new-set", "9.7.3", "9.7.4", [](FakeTwoSets&) {}},
    {"new-set-elected", "8.4.8", "9.7.4", [](FakeTwoSets& c) { c.asks = false; }},
    {"new-set-not-seeded", "9.7.3", "9.7.4", [](FakeTwoSets& c) { c.broken = {"my-group-1-1"}; }},
    {"new-set-behind", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) { c.refuse["verify_group"] = {"timeout", "my-group-1-2 is behind"}; }},
    {"new-set-not-proven", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) {
       c.refuse["prove_switch"] = {"timeout", "my-group-0 still takes writes"};
     }},
    {"new-set-undoing-fails", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) { c.refuse["scale_set"] = {"gone", "the set is gone"}; }},
    {"new-set-foreign-election", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) { c.elect_at["orphan_stateful_set"] = "my-group-1-1"; }},
    {"new-set-foreign-eviction", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) { c.evict_at["orphan_stateful_set"] = "my-group-2"; }},
};

struct FiveInASet : FakeTwoSets {
  FiveInASet(std::string from, std::string to) : FakeTwoSets(std::move(from), std::move(to), 5) {}
};

// More members than a group takes, while both sets have all of theirs: runs that passed the markers
// room-before-return or count-members.
constexpr NewSet large_new_sets[] = {
    {"new-set-large", "9.7.3", "9.7.4", [](FakeTwoSets&) {}},
    {"new-set-large-behind", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) { c.refuse["verify_group"] = {"timeout", "my-group-1-4 is behind"}; }},
    {"new-set-too-large", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) { c.sets["my-group-1"] = {"set-2", "image:9.7.4", 5}; }},
};

// The window is over once the new members have joined, or is not: runs that passed the marker
// window-after-filling.
void open_a_window(FakeTwoSets& cluster) {
  cluster.window = "0 2 * * * 1h UTC";
  cluster.window_begins = Outside().now;
}

constexpr NewSet windowed_new_sets[] = {
    {"new-set-in-a-window", "9.7.3", "9.7.4", open_a_window},
    {"new-set-outlasts-the-window", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) {
       open_a_window(c);
       c.at_begin = [&c](const std::string& activity) {
         if (activity == "scale_set") c.window_begins = Outside().now + std::chrono::hours{24};
       };
     }},
};

// The former primary cannot be ended once it is no longer that: runs that passed the marker
// settings-after-failure.
constexpr NewSet kept_new_sets[] = {
    {"new-set-former-primary-stays", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) {
       c.at_begin = [retired = 0](const std::string& activity) mutable {
         if (activity != "retire_pod" || ++retired < 3) return;
         throw mysql::testing::Refusal{{"unavailable", "the API server takes no deletions"}};
       };
     }},
};

struct SemiSyncSets : FakeTwoSets {
  SemiSyncSets(std::string from, std::string to) : FakeTwoSets(std::move(from), std::move(to)) {
    topology = mysql::semi_sync;
  }
};

// As in tests/workflows/semi_sync_new_set_test.cc.
constexpr NewSet semi_sync_new_sets[] = {
    {"semi-sync-new-set", "9.7.3", "9.7.4", [](FakeTwoSets&) {}},
    {"semi-sync-new-set-other-series", "8.4.8", "9.7.4", [](FakeTwoSets& c) { c.asks = false; }},
    {"semi-sync-new-set-not-seeded", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) { c.broken = {"my-group-1-1"}; }},
    {"semi-sync-new-set-given-up-once", "9.7.3", "9.7.4", [](FakeTwoSets& c) { c.given_up = 1; }},
    {"semi-sync-new-set-not-moved", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) { c.provisioner_is_silent = true; }},
    {"semi-sync-new-set-not-proven", "9.7.3", "9.7.4",
     [](FakeTwoSets& c) {
       c.refuse["prove_switch"] = {"timeout", "my-group-0 still takes writes"};
     }},
};

}  // namespace

void record_new_sets(Outside& outside) { each_on<FakeTwoSets>(new_sets)(outside); }
void record_large_new_sets(Outside& outside) { each_on<FiveInASet>(large_new_sets)(outside); }
void record_kept_new_sets(Outside& outside) { each_on<FakeTwoSets>(kept_new_sets)(outside); }
void record_windowed_new_sets(Outside& outside) {
  each_on<FakeTwoSets>(windowed_new_sets)(outside);
}
void record_semi_sync_new_sets(Outside& outside) {
  each_on<SemiSyncSets>(semi_sync_new_sets)(outside);
}

}  // namespace ratchet::engine::testing
