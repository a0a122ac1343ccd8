#include "k8s/adapters/group_look.h"

#include <algorithm>
#include <utility>

#include "k8s/adapters/objects.h"
#include "k8s/adapters/servers.h"
#include "k8s/adapters/workload.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

constexpr const char* group_questions[] = {
    "SELECT @@server_uuid, @@GLOBAL.gtid_executed",
    "SELECT MEMBER_ID, MEMBER_STATE, MEMBER_ROLE FROM "
    "performance_schema.replication_group_members ORDER BY MEMBER_ID"};

std::string without_line_ends(std::string text) {
  std::erase(text, '\n');
  return text;
}

// A look in the making.
class Look {
 public:
  Look(const Environment& environment, mysql::InspectGroup in)
      : environment_(environment), in_(std::move(in)) {}

  asio::awaitable<mysql::GroupState> run() {
    const Json set = co_await the_set(environment_, in_.database(), in_.uid());
    *seen_.mutable_set() = workload_of(set);
    const int replicas = set.value("/spec/replicas"_json_pointer, 1);
    for (int i = 0; i < replicas; ++i) co_await look_at(set, i);
    if (seen_.lacks_size() == 0) judge(replicas);
    if (seen_.lacks_size() == 0) co_await compare_transactions();
    co_return std::move(seen_);
  }

 private:
  asio::awaitable<void> look_at(Json set, int ordinal) {
    mysql::GroupMember& member = *seen_.add_members();
    *member.mutable_workload() = workload_of(set);
    member.mutable_workload()->clear_manifest();
    member.mutable_workload()->set_pod(seen_.set().stateful_set() + "-" + std::to_string(ordinal));
    if (member.workload().pod() == in_.without()) co_return;
    const auto pod = co_await live_pod(environment_, std::move(set), ordinal);
    if (!pod) {
      seen_.add_lacks("pod " + member.workload().pod() + " is not there, or is about to go");
      co_return;
    }
    co_await add_pod(environment_, *pod, *member.mutable_workload());
    const Json& container = element(part_at(*pod, "/spec/containers"), "name", database_container);
    member.set_pod_image(text_at(container, "/image"));
    try {
      co_await question(member);
    } catch (const std::exception& e) {
      member.clear_id();
      seen_.add_lacks("the server in pod " + member.workload().pod() +
                      " does not answer: " + e.what());
    }
  }

  asio::awaitable<void> question(mysql::GroupMember& member) {
    std::vector<std::string> questions = state_questions();
    const std::size_t first = questions.size();
    for (const char* more : group_questions) questions.emplace_back(more);
    const auto answers = co_await ask(environment_, server_of(in_, member), std::move(questions));
    *member.mutable_state() = read_state(answers);
    member.set_gtid_executed(without_line_ends(cell(answers, first, 1)));
    member.set_id(cell(answers, first, 0));
    views_.push_back(answers.at(first + 1));
    for (const auto& row : views_.back()) {
      if (row.at(0) != member.id()) continue;
      member.set_member_state(row.at(1));
      member.set_primary(row.at(2) == "PRIMARY");
    }
  }

  void judge(int replicas) {
    for (const mysql::GroupMember& member : seen_.members()) {
      if (member.member_state() == "ONLINE" || member.workload().pod() == in_.without()) continue;
      seen_.add_lacks("member " + member.workload().pod() + " is " +
                      (member.member_state().empty() ? "OFFLINE" : member.member_state()));
    }
    if (views_.empty()) seen_.add_lacks("it has no other member");
    if (seen_.lacks_size() > 0) return;
    const bool agree =
        std::ranges::all_of(views_, [&](const SqlRows& view) { return view == views_.front(); });
    const auto missing = static_cast<std::size_t>(replicas) - views_.front().size();
    if (!agree || missing > (in_.without().empty() ? 0U : 1U)) {
      seen_.add_lacks("its members do not agree on who is in it");
    }
    const auto primaries = std::ranges::count_if(seen_.members(), &mysql::GroupMember::primary);
    if (primaries != 1) seen_.add_lacks("it has " + std::to_string(primaries) + " primaries");
  }

  // The primary executes a transaction about when the others do, so it may be a moment behind; what
  // it then still has not came from somewhere else.
  asio::awaitable<void> compare_transactions() {
    const auto primary = std::ranges::find_if(seen_.members(), &mysql::GroupMember::primary);
    std::vector<std::string> questions;
    for (const mysql::GroupMember& member : seen_.members()) {
      questions.push_back(await_transactions(member.gtid_executed()));
    }
    std::string why;
    try {
      const auto answers =
          co_await ask(environment_, server_of(in_, *primary), std::move(questions));
      for (std::size_t i = 0; i < answers.size(); ++i) note_errant(answers, i);
    } catch (const std::exception& e) {
      why = e.what();
    }
    if (!why.empty()) seen_.add_lacks("its primary does not answer: " + why);
  }

  void note_errant(const std::vector<SqlRows>& answers, std::size_t i) {
    if (cell(answers, i, 0) == "0") return;
    seen_.add_lacks("member " + seen_.members(static_cast<int>(i)).workload().pod() +
                    " has transactions that the primary has not (" +
                    without_line_ends(cell(answers, i, 1)) + ")");
  }

  const Environment& environment_;
  mysql::InspectGroup in_;
  mysql::GroupState seen_;
  std::vector<SqlRows> views_;  // of the members that answered
};

}  // namespace

std::string await_transactions(const std::string& gtids) {
  return "SELECT WAIT_FOR_EXECUTED_GTID_SET('" + gtids + "', 3), GTID_SUBTRACT('" + gtids +
         "', @@GLOBAL.gtid_executed)";
}

mysql::Server server_of(const mysql::InspectGroup& in, const mysql::GroupMember& member) {
  mysql::Server server;
  *server.mutable_database() = in.database();
  server.set_pod(member.workload().pod());
  server.set_pod_uid(member.workload().pod_uid());
  server.set_auth_secret(in.auth_secret());
  return server;
}

asio::awaitable<mysql::GroupState> look_at_group(const Environment& environment,
                                                 mysql::InspectGroup in) {
  Look look(environment, std::move(in));
  co_return co_await look.run();
}

}  // namespace ratchet::k8s
