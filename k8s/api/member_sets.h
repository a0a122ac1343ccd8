// The StatefulSets of one database: their names, the numbers of their members, and the annotations
// by which one follows another. Pure.
#pragma once

#include <compare>
#include <optional>
#include <string>

namespace ratchet::k8s::api {

// Annotations on a MySQL.
// NewStatefulSet: its next upgrade is made by another StatefulSet, also where it need not be.
inline constexpr const char* strategy_annotation = "ratchet.dev/strategy";
inline constexpr const char* new_set_strategy = "NewStatefulSet";
// How long the volumes of a former StatefulSet are kept: "168h".
inline constexpr const char* retention_annotation = "ratchet.dev/retention";
// The StatefulSet that it consists of; absent: the one of its own name.
inline constexpr const char* set_annotation = "ratchet.dev/stateful-set";
// The StatefulSet whose members are about to go: those of a semi-synchronous cluster give up their
// votes, if the others are enough. Written by the upgrade; the provisioner takes it off when
// nothing of that set is left.
inline constexpr const char* leaving_annotation = "ratchet.dev/leaving-set";

// Annotation on a claim: after this time (2026-11-26T08:00:00Z) the provisioner deletes it, unless
// a StatefulSet of the database uses it. Whoever wants to keep it takes the annotation off.
inline constexpr const char* retain_annotation = "ratchet.dev/retain-until";

// The init container that fills a new member's volume; until it has ended its pod is no member.
inline constexpr const char* seeding_container = "seed";

// Whose a pod is: `<db>-2` is member 2 of set 0, `<db>-1-2` is member 2 of set 1.
struct MemberNumber {
  unsigned set = 0;
  unsigned ordinal = 0;

  // Differs between all members that a database has ever had, for sets of less than a hundred.
  unsigned server_id() const { return 100 * set + ordinal + 1; }
  friend auto operator<=>(const MemberNumber&, const MemberNumber&) = default;
};

// The name of the StatefulSet that makes a pod of this name.
inline std::string set_of(const std::string& pod) { return pod.substr(0, pod.rfind('-')); }

// Nothing: no pod of this database is called so.
std::optional<MemberNumber> member_number(const std::string& database, const std::string& pod);

}  // namespace ratchet::k8s::api
