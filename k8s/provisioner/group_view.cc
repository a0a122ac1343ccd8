#include "k8s/provisioner/group_view.h"

#include <algorithm>
#include <cstdlib>

namespace ratchet::k8s::provisioner {

bool is_alive(MemberState state) {
  return state == MemberState::online || state == MemberState::recovering;
}

bool sees_majority(const Seen& seen) {
  const auto alive = std::count_if(seen.peers.begin(), seen.peers.end(),
                                   [](const Peer& peer) { return is_alive(peer.state); });
  return static_cast<std::size_t>(alive) * 2 > seen.peers.size();
}

std::string incarnation(const Seen& seen) { return seen.view.substr(0, seen.view.find(':')); }

unsigned long view_number(const Seen& seen) {
  const auto colon = seen.view.find(':');
  return colon == std::string::npos ? 0 : std::strtoul(seen.view.c_str() + colon + 1, nullptr, 10);
}

const Peer* find_peer(const Seen& view, const std::string& pod) {
  const auto found = std::find_if(view.peers.begin(), view.peers.end(),
                                  [&](const Peer& peer) { return peer.pod == pod; });
  return found == view.peers.end() ? nullptr : &*found;
}

}  // namespace ratchet::k8s::provisioner
