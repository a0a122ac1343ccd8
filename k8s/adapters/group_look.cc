#include "k8s/adapters/group_look.h"

#include <algorithm>
#include <utility>

#include "k8s/adapters/cluster_look.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

class GroupLook : public ClusterLook {
 public:
  using ClusterLook::ClusterLook;

 private:
  std::vector<std::string> questions() const override {
    return {"SELECT @@server_uuid, @@GLOBAL.gtid_executed",
            "SELECT MEMBER_ID, MEMBER_STATE, MEMBER_ROLE FROM "
            "performance_schema.replication_group_members ORDER BY MEMBER_ID"};
  }

  void read(mysql::GroupMember& member, const std::vector<SqlRows>& answers,
            std::size_t first) override {
    views_.push_back(answers.at(first + 1));
    for (const auto& row : views_.back()) {
      if (row.at(0) != member.id()) continue;
      member.set_member_state(row.at(1));
      member.set_primary(row.at(2) == "PRIMARY");
    }
  }

  void judge(int replicas) override {
    for (const mysql::GroupMember& member : seen_.members()) {
      if (member.member_state() == "ONLINE" || is_away(member)) continue;
      lacks("member " + member.workload().pod() + " is " +
            (member.member_state().empty() ? "OFFLINE" : member.member_state()));
    }
    if (views_.empty()) lacks("it has no other member");
    if (seen_.lacks_size() > 0) return;
    const bool agree =
        std::ranges::all_of(views_, [&](const SqlRows& view) { return view == views_.front(); });
    const auto missing = static_cast<std::size_t>(replicas) - views_.front().size();
    if (!agree || missing > (in_.without().empty() ? 0U : 1U)) {
      lacks("its members do not agree on who is in it");
    }
    const auto primaries = std::ranges::count_if(seen_.members(), &mysql::GroupMember::primary);
    if (primaries != 1) lacks("it has " + std::to_string(primaries) + " primaries");
  }

  std::vector<SqlRows> views_;  // of the members that answered
};

}  // namespace

asio::awaitable<mysql::GroupState> look_at_group(const Environment& environment,
                                                 mysql::InspectGroup in) {
  GroupLook look(environment, std::move(in));
  co_return co_await look.run();
}

}  // namespace ratchet::k8s
