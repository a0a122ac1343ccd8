// The pods and claims of a cluster's members: read, marked with their roles, reached by SQL.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "k8s/provisioner/context.h"
#include "k8s/provisioner/database.h"
#include "k8s/provisioner/member_statements.h"

namespace ratchet::k8s::provisioner {

struct MemberPod {
  std::string name;
  Json pod;    // null if there is none
  Json claim;  // null if there is none
  ProbeTarget target;
  std::string certificate;

  bool is_leaving() const {
    return !pod.is_null() && pod.at("metadata").contains("deletionTimestamp");
  }
};

class MemberPods {
 public:
  // Both must outlive it.
  MemberPods(Context& context, const Database& database) : context_(context), database_(database) {}

  // Reads what there is; false if there is nothing to look at yet. Throws ApiError.
  boost::asio::awaitable<bool> gather();

  std::size_t size() const { return nodes_.size(); }
  const MemberPod& at(std::size_t i) const { return nodes_.at(i); }
  // size() if there is no such member.
  std::size_t index_of(const std::string& pod) const;
  const Credentials& replication() const { return replication_; }
  // Whether there is that StatefulSet, or a pod of it, be it a member or not.
  bool is_about(const std::string& set) const { return sets_.contains(set); }
  // Of StatefulSets that there are: who is no member, but has left a volume, and would start on it.
  const std::vector<std::string>& scaled_away() const { return scaled_away_; }
  // As many pods as there should be, and no others.
  bool are_as_many_as_wanted() const { return pods_ == nodes_.size(); }

  // What the member says, into `member`.
  template <class Seen>
  boost::asio::awaitable<void> look_at(
      std::size_t i, const std::function<boost::asio::awaitable<ReportOf<Seen>>(ProbeTarget)>& look,
      MemberOf<Seen>& member) {
    MemberPod& node = nodes_.at(i);
    member.why_not = node.pod.is_null() ? "there is no such pod" : "the pod has no address yet";
    if (node.target.host.empty()) co_return;
    ReportOf<Seen> report = co_await look(node.target);
    member.seen = std::move(report.seen);
    member.why_not = std::move(report.why_not);
    node.certificate = std::move(report.certificate);
  }

  // Labels by role, if roles are known at all, and readiness gates, but of those that keep theirs
  // as it is. A pod ceases to be the primary before another becomes it. A conflict is for the next
  // look.
  boost::asio::awaitable<void> mark(std::vector<Role> roles, std::vector<bool> serving, bool known,
                                    std::vector<bool> keeps = {});
  boost::asio::awaitable<void> note_on_claim(std::size_t i, std::string version);

  // Tells the member, and the log what came of it; false if it failed. `limit`: per statement.
  boost::asio::awaitable<bool> tell(std::size_t i, std::string what,
                                    std::vector<std::string> statements, Duration limit);

 private:
  boost::asio::awaitable<void> read_all(Resource kind, Reply& into);
  boost::asio::awaitable<void> read_secret(std::string name, Reply& into);
  void add(std::string name, Json pod, Json claim, std::optional<std::string> authority);
  boost::asio::awaitable<std::optional<std::string>> find_authority(Json pod);
  void note_scaled_away(const Json& claims, const Json& pods);
  // `gate`: nothing if it stays as it is.
  boost::asio::awaitable<void> mark_one(std::size_t i, Role role, std::optional<bool> gate,
                                        bool known);

  Context& context_;
  const Database& database_;
  std::string user_, password_;
  Credentials replication_;
  std::map<std::string, std::string> authorities_;  // PEM by secret
  std::vector<MemberPod> nodes_;                    // all that there should be, by ordinal
  std::set<std::string> sets_;  // names of StatefulSets, and of those that the pods are of
  std::vector<std::string> scaled_away_;
  std::size_t pods_ = 0;  // that carry the database's labels, and are members or should be
};

// `part` for every i below n, all at the same time. Throws what the first of them threw.
boost::asio::awaitable<void> for_each(
    std::size_t n, std::function<boost::asio::awaitable<void>(std::size_t)> part);

// Gives annotations of the MySQL these values (null: takes them off), unless one of them, or the
// MySQL, is another by now.
boost::asio::awaitable<void> change_annotations(Context& context, const Database& database,
                                                Json values);

// AcceptingConnection, Ready and what a cluster lacks, from how its members are.
struct ClusterNews {
  std::optional<std::string> error;  // why the primary does not serve; nothing: it does
  bool complete = false;             // all others do, too
  std::string reason;                // with message: what is waited for; both empty: nothing
  std::string message;
};
void tell_news(Json& status, const Database& database, const ClusterNews& news,
               const std::string& now);

}  // namespace ratchet::k8s::provisioner
