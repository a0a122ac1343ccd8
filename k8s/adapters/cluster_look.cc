#include "k8s/adapters/cluster_look.h"

#include <algorithm>
#include <utility>

#include "k8s/adapters/group_look.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/servers.h"
#include "k8s/adapters/workload.h"

namespace ratchet::k8s {

namespace asio = boost::asio;

namespace {

std::string without_line_ends(std::string text) {
  std::erase(text, '\n');
  return text;
}

}  // namespace

ClusterLook::ClusterLook(const Environment& environment, mysql::InspectGroup in)
    : environment_(environment), in_(std::move(in)) {}

asio::awaitable<mysql::GroupState> ClusterLook::run() {
  const Json set = co_await the_set(environment_, in_.database(), in_.uid());
  *seen_.mutable_set() = workload_of(set);
  const int replicas = set.value("/spec/replicas"_json_pointer, 1);
  co_await begin();
  for (int i = 0; i < replicas; ++i) co_await look_at(set, i);
  if (seen_.lacks_size() == 0) judge(replicas);
  if (seen_.lacks_size() == 0) co_await compare_transactions();
  co_return std::move(seen_);
}

asio::awaitable<void> ClusterLook::look_at(Json set, int ordinal) {
  mysql::GroupMember& member = *seen_.add_members();
  *member.mutable_workload() = workload_of(set);
  member.mutable_workload()->clear_manifest();
  member.mutable_workload()->set_pod(seen_.set().stateful_set() + "-" + std::to_string(ordinal));
  if (is_away(member)) co_return;
  const auto pod = co_await live_pod(environment_, std::move(set), ordinal);
  if (!pod) {
    lacks("pod " + member.workload().pod() + " is not there, or is about to go");
    co_return;
  }
  co_await add_pod(environment_, *pod, *member.mutable_workload());
  const Json& container = element(part_at(*pod, "/spec/containers"), "name", database_container);
  member.set_pod_image(text_at(container, "/image"));
  try {
    co_await question(member);
  } catch (const std::exception& e) {
    member.clear_id();
    lacks("the server in pod " + member.workload().pod() + " does not answer: " + e.what());
  }
}

asio::awaitable<void> ClusterLook::question(mysql::GroupMember& member) {
  std::vector<std::string> all = state_questions();
  const std::size_t first = all.size();
  for (std::string& more : questions()) all.push_back(std::move(more));
  const auto answers = co_await ask(environment_, server_of(in_, member), std::move(all));
  *member.mutable_state() = read_state(answers);
  member.set_gtid_executed(without_line_ends(cell(answers, first, 1)));
  member.set_id(cell(answers, first, 0));
  read(member, answers, first);
}

std::string ClusterLook::known(const mysql::GroupMember& member) const {
  return member.gtid_executed();
}

asio::awaitable<std::string> ClusterLook::lacking(const mysql::GroupMember& member,
                                                  std::string gtids) {
  std::vector<std::string> question{await_transactions(gtids)};
  const auto answers = co_await ask(environment_, server_of(in_, member), std::move(question));
  co_return cell(answers, 0, 0) == "0" ? "" : without_line_ends(cell(answers, 0, 1));
}

// The primary executes a transaction about when the others do, so it may be a moment behind; what
// it then still has not came from somewhere else.
asio::awaitable<void> ClusterLook::compare_transactions() {
  const auto primary = std::ranges::find_if(seen_.members(), &mysql::GroupMember::primary);
  std::vector<std::string> questions;
  for (const mysql::GroupMember& member : seen_.members()) {
    questions.push_back(await_transactions(known(member)));
  }
  std::string why;
  try {
    const auto answers = co_await ask(environment_, server_of(in_, *primary), std::move(questions));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (cell(answers, i, 0) == "0") continue;
      lacks("member " + seen_.members(static_cast<int>(i)).workload().pod() +
            " has transactions that the primary has not (" +
            without_line_ends(cell(answers, i, 1)) + ")");
    }
  } catch (const std::exception& e) {
    why = e.what();
  }
  if (!why.empty()) lacks("its primary does not answer: " + why);
}

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

asio::awaitable<mysql::GroupState> look_at_cluster(const Environment& environment,
                                                   mysql::InspectGroup in) {
  return in.semi_sync() ? look_at_semi_sync(environment, std::move(in))
                        : look_at_group(environment, std::move(in));
}

}  // namespace ratchet::k8s
