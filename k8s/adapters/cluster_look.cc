#include "k8s/adapters/cluster_look.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "k8s/adapters/group_look.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/servers.h"
#include "k8s/adapters/workload.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/image_id.h"

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
  if (in_.every_set()) {
    co_await look_at_every_set();
  } else {
    co_await look_at_one_set();
  }
  if (seen_.lacks_size() == 0) judge(seen_.members_size());
  if (seen_.lacks_size() == 0) co_await compare_transactions();
  co_return std::move(seen_);
}

asio::awaitable<void> ClusterLook::look_at_one_set() {
  const Json set = co_await the_set(environment_, in_.database(), in_.uid());
  *seen_.mutable_set() = workload_of(set);
  for (const Json& pod : co_await labelled(environment_, kinds::pod, in_.database())) {
    if (!is_left(pod, in_.database().name())) continue;
    lacks("pod " + text_at(pod, "/metadata/name") + " has no StatefulSet: " + half_made);
  }
  co_await begin();
  const int replicas = set.value("/spec/replicas"_json_pointer, 1);
  for (int i = 0; i < replicas; ++i) co_await look_at(set, i);
}

// A pod that no StatefulSet controls was left by one that was deleted.
asio::awaitable<void> ClusterLook::look_at_every_set() {
  const std::vector<Json> sets = co_await the_sets(environment_, in_.database(), in_.uid());
  if (sets.empty() || sets.size() > 2) {
    throw Refused("no_sets", "MySQL " + in_.database().space() + "/" + in_.database().name() +
                                 " has " + std::to_string(sets.size()) +
                                 " StatefulSets, and must have one, or two during an upgrade");
  }
  *seen_.mutable_set() = workload_of(sets.back());
  if (sets.size() == 2) *seen_.mutable_former() = workload_of(sets.front());
  const auto mysql =
      co_await find(environment_, kinds::mysql, Key{in_.database().space(), in_.database().name()});
  if (!mysql) throw Refused("gone", "the MySQL was deleted meanwhile");
  co_await begin();
  seen_.set_wanted(mysql->value("/spec/replicas"_json_pointer, 3));
  const Json pods = co_await labelled(environment_, kinds::pod, in_.database());
  std::map<std::string, Json> left;  // by name
  for (const Json& pod : pods) {
    if (is_left(pod, in_.database().name())) left[text_at(pod, "/metadata/name")] = pod;
  }
  for (const auto& [name, pod] : left) co_await look_at_left(pod);
  for (const Json& set : sets) {
    const int replicas = set.value("/spec/replicas"_json_pointer, 1);
    for (int i = 0; i < replicas; ++i) co_await look_at(set, i);
  }
}

asio::awaitable<void> ClusterLook::look_at(Json set, int ordinal) {
  mysql::GroupMember& member = *seen_.add_members();
  *member.mutable_workload() = workload_of(set);
  member.mutable_workload()->clear_manifest();
  member.mutable_workload()->set_pod(text_at(set, "/metadata/name") + "-" +
                                     std::to_string(ordinal));
  if (is_away(member)) co_return;
  const auto pod = co_await live_pod(environment_, std::move(set), ordinal);
  if (pod) {
    co_await take_up(*pod, member);
  } else {
    lacks("pod " + member.workload().pod() + " is not there, or is about to go");
  }
}

asio::awaitable<void> ClusterLook::look_at_left(Json pod) {
  mysql::GroupMember& member = *seen_.add_members();
  mysql::Workload& workload = *member.mutable_workload();
  const std::string name = text_at(pod, "/metadata/name");
  workload.set_pod(name);
  workload.set_stateful_set(name.substr(0, name.rfind('-')));
  const Json& container = element(part_at(pod, "/spec/containers"), "name", database_container);
  workload.set_image(text_at(container, "/image"));
  if (is_away(member)) co_return;
  if (is_deleting(pod)) {
    lacks("pod " + name + " is about to go");
    co_return;
  }
  co_await take_up(std::move(pod), member);
}

asio::awaitable<void> ClusterLook::take_up(Json pod, mysql::GroupMember& member) {
  co_await add_pod(environment_, pod, *member.mutable_workload());
  const Json& container = element(part_at(pod, "/spec/containers"), "name", database_container);
  member.set_pod_image(text_at(container, "/image"));
  const mysql::ImageId id = image_id_in(pod);
  if (mysql::is_known(id)) *member.mutable_image_id() = id;
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
      lacks("member " + seen_.members(static_cast<int>(i)).workload().pod() + errant_transactions +
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

asio::awaitable<mysql::GroupState> look_patiently(const Environment& environment,
                                                  mysql::InspectGroup in) {
  constexpr int most_looks = 30;
  mysql::GroupState group;
  for (int look = 0; look < most_looks; ++look) {
    if (look > 0) co_await environment.pause(environment.look_every);
    group = co_await look_at_cluster(environment, in);
    if (group.lacks_size() == 0) break;
  }
  co_return group;
}

}  // namespace ratchet::k8s
