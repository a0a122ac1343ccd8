#include "tools/localcluster/pod_run.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <signal.h>

#include "k8s/embedded/controllers/simulated_node.h"
#include "k8s/embedded/json_access.h"

namespace ratchet::localcluster {
namespace {

namespace asio = boost::asio;
using k8s::embedded::dig;
using k8s::embedded::number;
using k8s::embedded::text;
using k8s::embedded::time_text;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Kubelets wait 10 s first and 5 minutes at most; a demo has less patience.
constexpr milliseconds first_delay{1000};
constexpr milliseconds most_delay{30'000};
constexpr milliseconds not_yet_delay{500};

// What a pod's coroutines throw is a defect of ours: it ends the program, with its message.
void rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

int port_of(const Json& container, const Json& port) {
  if (port.is_number()) return port.get<int>();
  for (const Json& named : dig(container, {"ports"})) {
    if (dig(named, {"name"}) == port) return named.value("containerPort", 0);
  }
  return 0;
}

}  // namespace

PodRun::PodRun(NodeContext context, Json pod, std::string ip, std::function<void()> changed)
    : context_(std::move(context)),
      pod_(std::move(pod)),
      place_{context_.folder / "pods" / text(pod_, {"metadata", "uid"}),
             context_.folder / "volumes", std::move(ip)},
      changed_(std::move(changed)),
      grace_(context_.executor),
      started_at_(time_text(context_.server.now())) {
  for (const Json& spec : dig(pod_, {"spec", "initContainers"})) {
    inits_.push_back(std::make_shared<Container>(spec, context_.executor));
  }
  for (const Json& spec : dig(pod_, {"spec", "containers"})) {
    containers_.push_back(std::make_shared<Container>(spec, context_.executor));
  }
  if (inits_.empty()) return;
  for (const ContainerPtr& container : containers_) {
    container->state = {{"waiting", {{"reason", "PodInitializing"}}}};
  }
}

void PodRun::start() {
  std::filesystem::create_directories(place_.folder);
  asio::co_spawn(context_.executor, live(shared_from_this()), rethrow);
}

asio::awaitable<void> PodRun::live(Self self) {
  bool good = true;
  for (const ContainerPtr& container : self->inits_) {
    if (!good || self->stopping_) break;
    co_await keep(self, container, true);
    good = container->done && container->exit_code == 0;
  }
  self->initialized_ = good;
  if (good && !self->stopping_) {
    self->alive_ = self->containers_.size();
    for (const ContainerPtr& container : self->containers_) {
      asio::co_spawn(self->context_.executor, keep(self, container, false),
                     [self](const std::exception_ptr& error) {
                       if (error) std::rethrow_exception(error);
                       if (--self->alive_ > 0) return;
                       self->ended_ = true;
                       self->changed_();
                     });
    }
    co_return;
  }
  self->ended_ = true;
  self->changed_();
}

bool PodRun::restarts(bool init, int exit_code) const {
  const std::string policy = text(pod_, {"spec", "restartPolicy"});
  if (stopping_ || (init && exit_code == 0) || policy == "Never") return false;
  return init || policy != "OnFailure" || exit_code != 0;
}

asio::awaitable<void> PodRun::keep(Self self, ContainerPtr container, bool init) {
  milliseconds delay = first_delay;
  while (!self->stopping_) {
    const std::optional<int> code = co_await run_once(self, container);
    if (!code) {
      co_await self->pause(*container, not_yet_delay);
      continue;
    }
    container->exit_code = *code;
    if (!self->restarts(init, *code)) break;
    container->last_state = container->state;
    self->wait_for(*container, "CrashLoopBackOff",
                   "back-off " + std::to_string(delay.count()) +
                       "ms restarting failed container=" + text(container->spec, {"name"}));
    co_await self->pause(*container, delay);
    delay = std::min(2 * delay, most_delay);
    if (!self->stopping_) ++container->restarts;
  }
  container->done = true;
}

asio::awaitable<std::optional<int>> PodRun::run_once(Self self, ContainerPtr container) {
  const auto launch = self->plan(*container);
  if (!launch) co_return std::nullopt;
  container->process = std::make_unique<Process>(self->context_.executor, *launch);
  const std::string began = time_text(self->context_.server.now());
  container->state = {{"running", {{"startedAt", began}}}};
  container->running = true;
  container->ready = !container->spec.contains("readinessProbe");
  if (!container->ready) {
    asio::co_spawn(self->context_.executor, probe(self, container), rethrow);
  }
  self->changed_();
  const int code = co_await container->process->wait();
  container->running = false;
  container->ready = false;
  container->process.reset();
  container->timer.cancel();
  container->state = {{"terminated",
                       {{"exitCode", code},
                        {"reason", code == 0 ? "Completed" : "Error"},
                        {"startedAt", began},
                        {"finishedAt", time_text(self->context_.server.now())}}}};
  self->changed_();
  co_return code;
}

std::optional<Launch> PodRun::plan(Container& container) {
  const std::string image = text(container.spec, {"image"});
  const auto rootfs = context_.images.find(image);
  if (!rootfs) {
    // It stays so: who watches pods has nothing to do each time that it was tried in vain.
    const std::string before = text(container.state, {"waiting", "reason"});
    const bool again = before == "ErrImagePull" || before == "ImagePullBackOff";
    wait_for(
        container, again ? "ImagePullBackOff" : "ErrImagePull",
        "image \"" + full_image_name(image) + "\" is not in " + context_.images.folder().string());
    return std::nullopt;
  }
  try {
    auto& store = context_.server.store();
    return Launch{sandbox_command(store, pod_, container.spec, place_, *rootfs),
                  environment(store, pod_, container.spec, place_),
                  context_.folder / "logs" / (text(pod_, {"metadata", "name"}) + ".log"), true};
  } catch (const NotYet& reason) {
    wait_for(container, "CreateContainerConfigError", reason.what());
    return std::nullopt;
  }
}

void PodRun::wait_for(Container& container, const std::string& reason, const std::string& message) {
  container.state = {{"waiting", {{"reason", reason}, {"message", message}}}};
  changed_();
}

asio::awaitable<void> PodRun::pause(Container& container, milliseconds time) {
  if (stopping_) co_return;
  container.timer.expires_after(time);
  boost::system::error_code woken;
  co_await container.timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

asio::awaitable<void> PodRun::probe(Self self, ContainerPtr container) {
  const Json& rule = container->spec["readinessProbe"];
  const Process* probed = container->process.get();
  co_await self->pause(*container, seconds(number(rule, {"initialDelaySeconds"})));
  std::int64_t successes = 0, failures = 0;
  while (container->process.get() == probed && container->running && !self->stopping_) {
    const bool good = co_await probe_once(self, container);
    if (container->process.get() != probed) co_return;
    successes = good ? successes + 1 : 0;
    failures = good ? 0 : failures + 1;
    const bool before = container->ready;
    if (successes >= number(rule, {"successThreshold"}, 1)) container->ready = true;
    if (failures >= number(rule, {"failureThreshold"}, 3)) container->ready = false;
    if (container->ready != before) self->changed_();
    co_await self->pause(*container, seconds(number(rule, {"periodSeconds"}, 10)));
  }
}

asio::awaitable<bool> PodRun::probe_once(Self self, ContainerPtr container) {
  const Json& rule = container->spec["readinessProbe"];
  if (rule.contains("tcpSocket")) {
    asio::ip::tcp::socket socket(self->context_.executor);
    const int port = port_of(container->spec, rule["tcpSocket"]["port"]);
    boost::system::error_code refused;
    co_await socket.async_connect(
        {asio::ip::make_address(self->place_.ip), static_cast<asio::ip::port_type>(port)},
        asio::redirect_error(asio::use_awaitable, refused));
    co_return !refused;
  }
  const Json& command = dig(rule, {"exec", "command"});
  const pid_t inner = container->process->inner();
  if (!command.is_array() || inner == 0) co_return !command.is_array();
  Launch launch;
  launch.argv = {"timeout", std::to_string(number(rule, {"timeoutSeconds"}, 1)),
                 "nsenter", "--target=" + std::to_string(inner),
                 "--mount", "--uts",
                 "--ipc",   "--pid",
                 "--root",  "--wd",
                 "--"};
  for (const Json& word : command) launch.argv.push_back(word.get<std::string>());
  launch.env =
      environment(self->context_.server.store(), self->pod_, container->spec, self->place_);
  launch.log = "/dev/null";
  Process process(self->context_.executor, launch);
  co_return co_await process.wait() == 0;
}

void PodRun::end_containers(int signal) {
  for (const auto* list : {&inits_, &containers_}) {
    for (const ContainerPtr& container : *list) {
      container->timer.cancel();
      if (!container->process) continue;
      if (signal == SIGKILL) {
        container->process->kill();
      } else {
        container->process->signal(signal);
      }
    }
  }
}

void PodRun::stop(seconds grace) {
  if (!stopping_) {
    stopping_ = true;
    end_containers(SIGTERM);
  }
  grace_.expires_after(grace);
  grace_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
    if (!stopped && !self->ended_) self->end_containers(SIGKILL);
  });
}

void PodRun::kill() {
  stopping_ = true;
  grace_.cancel();
  end_containers(SIGKILL);
}

Json PodRun::container_status(const Container& container) const {
  const std::string image = text(container.spec, {"image"});
  return {{"name", container.spec["name"]},
          {"image", image},
          {"imageID", context_.images.find(image) ? full_image_name(image) : ""},
          {"ready", container.ready || (container.done && container.exit_code == 0)},
          {"started", container.running},
          {"restartCount", container.restarts},
          {"state", container.state},
          {"lastState", container.last_state}};
}

Json PodRun::status(const Json& current) const {
  Json status = dig(current, {"status"});
  Json containers = Json::array();
  bool ready = true, began = false, failed = false;
  for (const ContainerPtr& container : containers_) {
    containers.push_back(container_status(*container));
    containers.back()["ready"] = container->ready;
    ready = ready && container->ready;
    began = began || container->running || !container->state.contains("waiting") ||
            !container->last_state.empty();
    failed = failed || container->exit_code != 0;
  }
  Json inits = Json::array();
  for (const ContainerPtr& container : inits_) inits.push_back(container_status(*container));
  const bool over = ended_ && !stopping_;
  status["phase"] = over    ? (failed || !initialized_ ? "Failed" : "Succeeded")
                    : began ? "Running"
                            : "Pending";
  status["startTime"] = started_at_;
  status["podIP"] = place_.ip;
  status["podIPs"] = Json::array({{{"ip", place_.ip}}});
  status["hostIP"] = "127.0.0.1";
  status["containerStatuses"] = std::move(containers);
  if (!inits.empty()) status["initContainerStatuses"] = std::move(inits);
  status["conditions"] =
      k8s::embedded::pod_conditions(current, initialized_, ready, context_.server.now());
  return status;
}

}  // namespace ratchet::localcluster
