// How the primary of a group is moved where the group takes nobody's word for it: it steps down,
// and the others elect.
#include <stdexcept>

#include "k8s/adapters/adapters.h"
#include "k8s/adapters/group_look.h"
#include "k8s/adapters/servers.h"
#include "workflows/mysql/new_set_ports.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;
using mysql::Done;

namespace {

asio::awaitable<bool> has_won(const Environment& environment, mysql::SwitchPrimary in) {
  std::vector<std::string> question{who_is_primary};
  const auto answers = co_await ask(environment, in.candidate(), std::move(question));
  co_return answers.at(0).size() == 1 && cell(answers, 0, 0) == in.candidate_id();
}

asio::awaitable<std::string> position_of(const Environment& environment, mysql::Server server) {
  std::vector<std::string> question{"SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '')"};
  const auto answers = co_await ask(environment, std::move(server), std::move(question));
  co_return cell(answers, 0, 0);
}

// It takes no writes any more: whoever commits after this is refused, root too.
asio::awaitable<std::string> close_primary(const Environment& environment, mysql::Server former) {
  std::vector<std::string> order{"SET GLOBAL super_read_only = ON"};
  co_await ask(environment, former, std::move(order));
  const std::string first = co_await position_of(environment, former);
  const std::string second = co_await position_of(environment, former);
  if (first != second) throw std::runtime_error(pod_name(former) + " still executes transactions");
  co_return second;
}

// Among members of one version the one with the most weight is elected.
asio::awaitable<Done> step_down(const Environment& environment, AttemptInfo,
                                mysql::SwitchPrimary in) {
  if (co_await has_won(environment, in)) co_return Done{};
  std::vector<std::string> weigh{"SET GLOBAL group_replication_member_weight = 100"};
  co_await ask(environment, in.candidate(), std::move(weigh));
  const std::string position = co_await close_primary(environment, in.former());
  std::vector<std::string> wait{await_transactions(position)};
  const auto answers = co_await ask(environment, in.candidate(), std::move(wait));
  if (cell(answers, 0, 0) != "0") {
    throw std::runtime_error(pod_name(in.candidate()) + " has not executed " + cell(answers, 0, 1));
  }
  std::vector<std::string> leave{"STOP GROUP_REPLICATION"};
  co_await ask(environment, in.former(), std::move(leave));
  co_return Done{};
}

}  // namespace

void add_step_down_handler(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::step_down, environment, step_down);
}

}  // namespace ratchet::k8s
