#include "tests/tools/api_world.h"

#include <chrono>
#include <exception>
#include <future>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "engine/runtime/asio_host.h"
#include "engine/runtime/file_anchor.h"
#include "store/rocks_log.h"
#include "tests/engine/travel.h"
#include "tools/ratchetctl/api_file.h"
#include "tools/ratchetctl/daemon.h"
#include "tools/ratchetctl/web.h"

namespace ratchet::ratchetd::testing {

namespace asio = boost::asio;

namespace {

using engine::Task;
using engine::Workflow;
using engine::testing::approval;
using engine::testing::Text;
using engine::testing::text;

constexpr engine::Gate<Text> deploy{"deploy"};
constexpr engine::Activity<Text, Text> touchy{
    "touchy", engine::Effect::manual,
    engine::Policy{}.backoff(std::chrono::hours(1), std::chrono::hours(1))};

Task<Text> asking(Workflow wf, Text) {
  wf.expose("progress", text("half"));
  const engine::GateAnswer answer = co_await wf.gate(deploy, text("plan 7"));
  co_return text(answer.approved ? "approved" : "denied");
}

Task<Text> stuck(Workflow wf, Text) { co_return co_await wf.step(touchy, text("x")); }

Task<Text> waiting(Workflow wf, Text) { co_return co_await wf.receive(approval); }

engine::Registry workflows() {
  engine::Registry registry;
  registry.add("asking", 1, asking);
  registry.add("stuck", 1, stuck);
  registry.add("waiting", 1, waiting);
  return registry;
}

engine::EngineOptions options_of(const ApiWorld& world) {
  engine::EngineOptions options{"build-1", "ratchetd"};
  options.approvers = world.approvers;
  return options;
}

template <class Condition>
void await(const char* what, const Condition& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error(what);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

// Everything but `thread` belongs to that thread.
struct ApiWorld::Daemon {
  explicit Daemon(ApiWorld& world)
      : host(io),
        log(store::open_rocks_log(world.log())),
        anchor(world.folder.path("anchor"), host),
        registry(workflows()),
        engine(*log, host, registry, handlers, anchor, options_of(world)),
        api(io.get_executor(), engine, *log, registry,
            world.judge ? world.judge : judge_by_token(testing::token), world.options) {
    handlers.handle<Text, Text>(touchy, [this](const engine::AttemptInfo& attempt, const Text&,
                                               const engine::Answer<Text>& answer) {
      if (++attempts[attempt.run_id] == 1) return answer.fail({"jammed", "by hand only"});
      answer.complete(text("at last"));
    });
    engine.observe([this](const engine::Recorded& recorded) { api.recorded(recorded); });
    engine.on_halt([this](const std::string&) { api.halted(); });
    if (world.opens) engine.open([this] { api.ready(); });
    asio::co_spawn(io, api.run(), [this](const std::exception_ptr&) { io.stop(); });
    thread = std::thread([this] { io.run(); });
  }
  ~Daemon() {
    asio::post(io, [this] {
      api.stop();
      work.reset();
    });
    thread.join();
  }

  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  engine::AsioHost host;
  std::unique_ptr<store::Log> log;
  engine::FileAnchor anchor;
  engine::Registry registry;
  engine::Handlers handlers;
  engine::Engine engine;
  Api api;
  std::map<std::string, int> attempts;  // by run
  std::thread thread;
};

ApiWorld::ApiWorld() {
  options.version = "1.2.3";
  options.folder = log();
  options.requests_a_second = 10'000;
  options.burst = 10'000;
}

ApiWorld::~ApiWorld() = default;

void ApiWorld::begin() {
  daemon_ = std::make_unique<Daemon>(*this);
  port_ = daemon_->api.port();
  ratchetctl::write_api_file(log(), {"http://127.0.0.1:" + std::to_string(port_), token});
  if (opens) {
    await("the API does not get ready", [&] { return ask("GET", "/readyz").status == 200; });
  }
}

void ApiWorld::end() {
  daemon_.reset();
  ratchetctl::remove_api_file(log());
}

void ApiWorld::on_engine(const std::function<void(engine::Engine& engine)>& task) {
  std::promise<void> done;
  asio::post(daemon_->io, [&] {
    task(daemon_->engine);
    done.set_value();
  });
  done.get_future().wait();
}

void ApiWorld::halt() {
  on_engine([this](engine::Engine&) { daemon_->api.halted(); });
}

void ApiWorld::start(const std::string& run_id, const std::string& workflow) {
  on_engine([&](engine::Engine& engine) {
    engine.start(run_id, workflow, text("in").SerializeAsString(), "ratchetd");
  });
  const std::size_t events = workflow == "stuck" ? 3 : 2;  // its step has failed once
  await("the run does not come to its wait", [&] {
    const auto response = ask("GET", "/v1/runs/" + ratchetctl::encoded(run_id) + "/history");
    return response.status == 200 && Json::parse(response.body)["events"].size() >= events;
  });
}

k8s::http::Response ApiWorld::ask(const std::string& method, const std::string& target,
                                  const std::string& body) const {
  return ask(method, target, body,
             {{"authorization", std::string("Bearer ") + token}, {"x-ratchet-user", "ann"}});
}

k8s::http::Response ApiWorld::ask(const std::string& method, const std::string& target,
                                  const std::string& body,
                                  const std::map<std::string, std::string>& headers) const {
  return ratchetctl::fetch({"127.0.0.1", port_, std::nullopt}, {method, target, headers, body},
                           std::chrono::seconds(20));
}

Json ApiWorld::get(const std::string& target) const {
  const auto response = ask("GET", target);
  if (response.status != 200) throw std::runtime_error(target + ": " + response.body);
  return Json::parse(response.body);
}

Said ApiWorld::ctl(std::vector<std::string> arguments) const {
  std::ostringstream out, err;
  arguments.insert(arguments.begin(), {"--log", log()});
  const int code = ratchetctl::run(arguments, workflows(), {out, err, {}});
  return {code, out.str(), err.str()};
}

}  // namespace ratchet::ratchetd::testing
