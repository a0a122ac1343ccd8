// The plan as a recorded event, and the window that it waits for.
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/window_rule.h"
#include "workflows/mysql/gate.h"
#include "workflows/mysql/plan.h"

namespace ratchet::k8s {

namespace asio = boost::asio;
using engine::AttemptInfo;

namespace {

Refused bad_window(const std::invalid_argument& error) {
  return {"bad_window", std::string("annotation ratchet.dev/window: ") + error.what()};
}

// A rule that cannot be read must not be found out after the approval.
asio::awaitable<mysql::Plan> plan(const Environment& environment, AttemptInfo, mysql::MakePlan in) {
  mysql::Plan made = mysql::plan_of(in);
  if (in.window().empty()) co_return made;
  try {
    window_with(read_window(in.window()), environment.now(),
                std::chrono::seconds{made.outage_seconds()});
  } catch (const std::invalid_argument& error) {
    throw bad_window(error);
  }
  co_return made;
}

asio::awaitable<mysql::FoundWindow> find(const Environment&, AttemptInfo, mysql::FindWindow in) {
  mysql::FoundWindow found;
  try {
    const engine::Window window =
        window_with(read_window(in.rule()), engine::Time{engine::Duration{in.at_us()}},
                    engine::Duration{in.needs_us()});
    found.set_begin_us(window.begin.time_since_epoch().count());
    found.set_end_us(window.end.time_since_epoch().count());
  } catch (const std::invalid_argument& error) {
    throw bad_window(error);
  }
  co_return found;
}

}  // namespace

void add_plan_handlers(engine::Handlers& handlers, const Environment& environment) {
  handle(handlers, mysql::make_plan, environment, plan);
  handle(handlers, mysql::find_window, environment, find);
}

}  // namespace ratchet::k8s
