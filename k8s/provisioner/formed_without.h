// Without whom a replication group was formed.
//
// A group numbers its transactions itself: one that is formed without a member gives the numbers
// of what that member alone has to others. When it comes back, its set of transactions looks like
// a part of the group's, and it would join with rows that nobody has, and without rows that were
// acknowledged. So what the group was formed from is kept until the member is in again, or back
// with nothing of its own. It is kept from before the group is formed: that may fail, and then
// what such a member has alone counts as ever.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "k8s/provisioner/gtid_set.h"

namespace ratchet::k8s::provisioner {

// Annotation on a MySQL: {"<pod>": "<transactions>"}. Also of pods that are scaled away and left
// their volumes; and of all members, with no transactions, while there are two groups.
inline constexpr const char* formed_without_annotation = "ratchet.dev/formed-without";

// By pod: what it and the group have had alike, at most.
using FormedWithout = std::map<std::string, GtidSet>;

// What cannot be read stands for "nothing alike", of a pod or of all of `pods`: then a person is
// asked before anything of theirs is thrown away. Empty text: an empty map.
FormedWithout read_formed_without(const std::string& text, const std::vector<std::string>& pods);
// The annotation's value; empty for an empty map.
std::string text_of(const FormedWithout& formed_without);

}  // namespace ratchet::k8s::provisioner
