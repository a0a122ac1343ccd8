// Who may take writes in a semi-synchronous cluster, and whose acknowledgements count, as it stands
// on the MySQL object. The provisioner keeps it; the ops manager asks for an orderly move by it.
// Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace ratchet::k8s::api {

// Annotation on a MySQL: the term in JSON. Changed only by resourceVersion.
inline constexpr const char* primary_term_annotation = "ratchet.dev/primary-term";

struct PrimaryTerm {
  unsigned number = 0;  // counts up; 0: there was none yet
  std::string holder;   // pod of the member that may be opened
  std::string server;   // its server_uuid: a pod with other data is not the holder
  // How many of the voters had acknowledged what was acknowledged to a client.
  unsigned acknowledgements = 1;
  // Enough voters have all that the holder began with. Until then the holder takes no writes, and
  // the voters are those of the term before, of whom the holder may be one.
  bool opened = false;
  // Pod -> server_uuid of the members that may acknowledge. An empty one: that voter's data were
  // given up, it cannot be asked any more, and still counts.
  std::map<std::string, std::string> voters;
  // Pod of the voter that is to take the next term, from a holder that is there; empty: none. While
  // it stands here the provisioner may have closed the holder.
  std::string successor = {};

  // Whether that member, with these data, is a voter.
  bool has_voter(const std::string& pod, const std::string& id) const {
    const auto found = voters.find(pod);
    return found != voters.end() && !id.empty() && found->second == id;
  }
  friend bool operator==(const PrimaryTerm&, const PrimaryTerm&) = default;
};

// The empty text is the term number 0; nothing if the text is no term.
std::optional<PrimaryTerm> parse_term(const std::string& text);
std::string term_text(const PrimaryTerm& term);

}  // namespace ratchet::k8s::api
