// The steps on a replication group, or a semi-synchronous cluster, as a whole.
#include <algorithm>

#include "k8s/adapters/adapters.h"
#include "k8s/adapters/group_look.h"
#include "k8s/adapters/objects.h"
#include "k8s/adapters/primary_terms.h"
#include "k8s/adapters/servers.h"
#include "k8s/adapters/sql.h"
#include "k8s/client/kinds.h"
#include "workflows/mysql/group_ports.h"
#include "workflows/mysql/preflight.h"
#include "workflows/mysql/version_rules.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Done;

namespace {

// What a server that takes no writes answers to one: ER_OPTION_PREVENTS_STATEMENT. It is asked
// before any row is looked for, so a statement that meets no row tells as much as another, and
// leaves nothing behind where it is let through, not even a transaction.
constexpr int writes_prevented = 1290;
constexpr const char* write_of_no_row = "DELETE FROM mysql.help_topic WHERE 1 = 0";

std::string name_of(const mysql::InspectGroup& in) {
  return (in.semi_sync() ? "the cluster of MySQL " : "the group of MySQL ") +
         in.database().space() + "/" + in.database().name();
}

std::string lacks_of(const mysql::GroupState& group) {
  std::string text;
  for (const std::string& lack : group.lacks()) text += (text.empty() ? "" : "; ") + lack;
  return text;
}

asio::awaitable<mysql::GroupState> inspect(const Environment& environment, AttemptInfo,
                                           mysql::InspectGroup in) {
  co_return co_await look_patiently(environment, std::move(in));
}

asio::awaitable<mysql::GroupState> await_whole(const Environment& environment, AttemptInfo,
                                               mysql::InspectGroup in) {
  for (;;) {
    mysql::GroupState group = co_await look_at_cluster(environment, in);
    if (group.lacks_size() == 0) co_return group;
    co_await wait_on(environment, in.deadline_us(),
                     name_of(in) + " is not whole: " + lacks_of(group));
  }
}

asio::awaitable<mysql::FoundPods> find_pods_with_image(const Environment& environment, AttemptInfo,
                                                       mysql::FindPods in) {
  mysql::FoundPods found;
  for (int i = 0; i < in.replicas(); ++i) {
    const Key key{in.database().space(), in.stateful_set() + "-" + std::to_string(i)};
    const auto pod = co_await find(environment, kinds::pod, key);
    if (!pod || uid_of(*pod) == in.not_uid()) continue;
    const Json& container = element(part_at(*pod, "/spec/containers"), "name", database_container);
    if (text_at(container, "/image") == in.image()) found.add_pods(key.name);
  }
  co_return found;
}

asio::awaitable<bool> is_primary(const Environment& environment, mysql::SwitchPrimary in) {
  if (in.term() != 0) co_return co_await has_taken_over(environment, std::move(in));
  std::vector<std::string> question{who_is_primary};
  const auto answers = co_await ask(environment, in.candidate(), std::move(question));
  co_return answers.at(0).size() == 1 && cell(answers, 0, 0) == in.candidate_id();
}

// Transactions that are open on the former primary have 5 s to end; then they are rolled back. A
// member before 8.0.29 takes no such limit, and waits for them as long as they take.
std::string order_to_lead(const std::string& version, const std::string& id) {
  const auto server = mysql::server_version(version, "");
  const bool waits = server && mysql::is_before(*server, {8, 0, 29});
  return "SELECT group_replication_set_as_primary('" + id + (waits ? "')" : "', 5)");
}

asio::awaitable<Done> move_primary(const Environment& environment, AttemptInfo,
                                   mysql::SwitchPrimary in) {
  if (co_await is_primary(environment, in)) co_return Done{};
  std::vector<std::string> question{"SELECT VERSION()"};
  const auto version = co_await ask(environment, in.candidate(), std::move(question));
  std::vector<std::string> order{order_to_lead(cell(version, 0, 0), in.candidate_id())};
  co_await ask(environment, in.candidate(), std::move(order));
  if (!co_await is_primary(environment, in)) {
    throw std::runtime_error(pod_name(in.candidate()) +
                             " was told to become the primary, and is not");
  }
  co_return Done{};
}

// In the server's words; nothing: it takes writes.
asio::awaitable<std::optional<std::string>> refusal_of(const Environment& environment,
                                                       mysql::Server former) {
  if (!co_await find_pod(environment, former)) co_return "its pod is gone, and its server with it";
  std::vector<std::string> write{write_of_no_row};
  try {
    co_await ask(environment, former, std::move(write));
  } catch (const sql::Error& error) {
    if (error.number() != writes_prevented) throw;
    co_return error.what();
  }
  co_return std::nullopt;
}

// Throws why there is none.
asio::awaitable<mysql::SwitchProof> proof_of(const Environment& environment,
                                             mysql::SwitchPrimary in) {
  if (!co_await is_primary(environment, in)) {
    throw std::runtime_error(pod_name(in.candidate()) + " is not the primary");
  }
  const auto refusal = co_await refusal_of(environment, in.former());
  if (!refusal) throw std::runtime_error(pod_name(in.former()) + " still takes writes");
  std::vector<std::string> write{write_of_no_row};
  co_await ask(environment, in.candidate(), std::move(write));
  mysql::SwitchProof proof;
  proof.set_primary(in.candidate().pod());
  proof.set_refusal(*refusal);
  co_return proof;
}

asio::awaitable<mysql::SwitchProof> prove(const Environment& environment, AttemptInfo,
                                          mysql::ProveSwitch in) {
  for (;;) {
    std::string why;
    try {
      co_return co_await proof_of(environment, in.moved());
    } catch (const Refused&) {
      throw;
    } catch (const std::exception& e) {
      why = e.what();
    }
    co_await wait_on(environment, in.deadline_us(),
                     "the primary was told to move, but that only the new one takes writes was "
                     "not seen: " +
                         why);
  }
}

// Empty if every member is as it must be. A server of another version, or of another image by the
// same name, never becomes right.
std::string unlike(const mysql::VerifyGroup& in, const mysql::GroupState& group) {
  if (group.lacks_size() > 0) return lacks_of(group);
  for (const mysql::GroupMember& member : group.members()) {
    const std::string& pod = member.workload().pod();
    if (!in.of_set().empty() && member.workload().stateful_set() != in.of_set()) continue;
    if (member.pod_image() != in.image()) return "pod " + pod + " has image " + member.pod_image();
    if (mysql::same_release(member.state().version(), in.version())) {
      refuse_other_image(in.image_id(), member.image_id(),
                         "pod " + in.group().database().space() + "/" + pod);
      continue;
    }
    throw Refused("other_version", "the server in pod " + pod + " is version " +
                                       member.state().version() + ", not " + in.version() +
                                       ": the image of the MySQLVersion does not hold what it "
                                       "says");
  }
  return "";
}

// No member has anything that the primary has not: every look sees to that. Here the other way.
asio::awaitable<std::string> behind(const Environment& environment, mysql::InspectGroup in,
                                    mysql::GroupState group) {
  const auto primary = std::ranges::find_if(group.members(), &mysql::GroupMember::primary);
  for (const mysql::GroupMember& member : group.members()) {
    std::vector<std::string> question{await_transactions(primary->gtid_executed())};
    const auto answers = co_await ask(environment, server_of(in, member), std::move(question));
    if (cell(answers, 0, 0) == "0") continue;
    co_return "member " + member.workload().pod() + " has not executed " + cell(answers, 0, 1);
  }
  co_return "";
}

mysql::VerifiedGroup verified(const mysql::GroupState& group) {
  mysql::VerifiedGroup out;
  for (const mysql::GroupMember& member : group.members()) {
    mysql::VerifiedMember& one = *out.add_members();
    one.set_pod(member.workload().pod());
    one.set_version(member.state().version());
    one.set_gtid_executed(member.gtid_executed());
    if (member.primary()) out.set_primary(one.pod());
  }
  return out;
}

asio::awaitable<mysql::VerifiedGroup> verify(const Environment& environment, AttemptInfo,
                                             mysql::VerifyGroup in) {
  for (;;) {
    const mysql::GroupState group = co_await look_at_cluster(environment, in.group());
    std::string why = unlike(in, group);
    try {
      if (why.empty()) why = co_await behind(environment, in.group(), group);
    } catch (const std::exception& e) {
      why = e.what();
    }
    if (why.empty()) co_return verified(group);
    co_await wait_on(environment, in.group().deadline_us(),
                     name_of(in.group()) + " is not as it must be: " + why);
  }
}

}  // namespace

void add_group_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::inspect_group, environment, inspect);
  handle(handlers, mysql::await_group, environment, await_whole);
  handle(handlers, mysql::find_pods, environment, find_pods_with_image);
  handle(handlers, mysql::switch_primary, environment, move_primary);
  handle(handlers, mysql::prove_switch, environment, prove);
  handle(handlers, mysql::verify_group, environment, verify);
  add_hand_over_handlers(handlers, environment);
  add_new_set_handlers(handlers, environment);
}

}  // namespace ratchet::k8s
