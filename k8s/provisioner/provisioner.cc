#include "k8s/provisioner/provisioner.h"

#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "k8s/client/kinds.h"
#include "k8s/client/text.h"
#include "k8s/provisioner/json_shape.h"
#include "k8s/provisioner/objects.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

namespace {

constexpr const char* ours = "app.kubernetes.io/name=mysqls.kubedb.com";

std::string system_now() { return to_time(std::chrono::system_clock::now()); }

// What a MySQL consists of, but for secrets, and for kinds that not every cluster knows. Those are
// looked at when one of these changes, or after Options::resync_period.
const std::vector<Resource>& followed_kinds() {
  static const std::vector<Resource> followed{
      kinds::stateful_set,          kinds::pod,       kinds::service,
      kinds::service_account,       kinds::role,      kinds::role_binding,
      kinds::pod_disruption_budget, kinds::config_map};
  return followed;
}

// The databases that an object may belong to: the one that its label names, and its owner, as
// somebody may have changed the label.
std::set<std::string> databases_of(const Json& object) {
  const Json& metadata = object.at("metadata");
  const Json labels = metadata.value("labels", Json::object());
  std::set<std::string> names{labels.value("app.kubernetes.io/instance", "")};
  for (const Json& owner : metadata.value("ownerReferences", Json::array())) {
    if (owner.value("kind", "") == kinds::mysql.kind) names.insert(owner.value("name", ""));
  }
  names.erase("");
  return names;
}

}  // namespace

Provisioner::Provisioner(const asio::any_io_executor& executor, Client& client, Ports ports,
                         Options options)
    : executor_(executor),
      context_{client,
               std::move(ports.emit),
               std::move(ports.probe),
               std::move(ports.group),
               ports.now ? std::move(ports.now) : system_now,
               options},
      watch_(std::move(ports.watch)),
      reconciler_(context_),
      checks_(context_),
      to_reconcile_(executor, options.queue),
      to_check_(executor, options.queue),
      reconcile_tick_(executor),
      health_tick_(executor) {}

// A pod that changes may have begun or ceased to serve: that is looked at without waiting for the
// next round.
void Provisioner::name(const Json& object) {
  for (const std::string& database : databases_of(object)) {
    const std::string key = queue_key(metadata_text(object, "namespace"), database);
    checks_.changed(key);
    to_reconcile_.add(key);
    if (object.value("kind", "") == kinds::pod.kind) to_check_.add(key);
  }
}

void Provisioner::follow() {
  follow(kinds::mysql, "", [this](const Event& event) {
    const std::string key =
        queue_key(metadata_text(event.object, "namespace"), metadata_text(event.object, "name"));
    if (event.type == Event::Type::deleted) {
      known_.erase(key);
      seen_.erase(key);
      leave_secrets(object_key(key).space);
    } else {
      known_.insert(key);
      follow_secrets(object_key(key).space);
    }
    checks_.changed(key);
    to_reconcile_.add(key);
  });
  for (const Resource& kind : followed_kinds()) {
    follow(kind, ours, [this](const Event& event) { name(event.object); });
  }
}

void Provisioner::follow(const Resource& kind, std::string labels,
                         std::function<void(Event)> on_event) {
  not_followed_.insert(kind.plural);
  WatchHandler handler;
  handler.on_event = std::move(on_event);
  handler.on_open = [this, plural = kind.plural](bool open) {
    if (open) {
      not_followed_.erase(plural);
    } else {
      not_followed_.insert(plural);
    }
    checks_.set_watching("", not_followed_.empty());
  };
  watches_.push_back(watch_(kind, "", std::move(labels), std::move(handler)));
}

// Only where there are databases: nobody lets us read secrets elsewhere (decision 027).
void Provisioner::follow_secrets(const std::string& space) {
  if (secrets_.contains(space)) return;
  checks_.set_watching(space, false);
  WatchHandler handler;
  handler.on_event = [this](const Event& event) { name(event.object); };
  handler.on_open = [this, space](bool open) { checks_.set_watching(space, open); };
  secrets_[space] = watch_(kinds::secret, space, ours, std::move(handler));
}

// Unless a database is left there.
void Provisioner::leave_secrets(const std::string& space) {
  const auto left = known_.lower_bound(queue_key(space, ""));
  if (left != known_.end() && object_key(*left).space == space) return;
  secrets_.erase(space);
  checks_.set_watching(space, true);  // of what nobody asks for, nothing is missed
}

asio::awaitable<void> Provisioner::work(WorkQueue& queue, Look look) {
  while (const std::optional<std::string> key = co_await queue.take()) {
    try {
      const std::optional<Duration> again = co_await (this->*look)(*key);
      queue.forget(*key);
      if (again) queue.add_after(*key, *again);
    } catch (const std::exception& error) {
      spdlog::warn("MySQL {}: {}; tries again", *key, error.what());
      queue.retry(*key);
    }
    queue.done(*key);
  }
}

asio::awaitable<void> Provisioner::tick(Duration period, WorkQueue& queue) {
  asio::steady_timer& timer = &queue == &to_check_ ? health_tick_ : reconcile_tick_;
  while (!stopped_) {
    for (const std::string& key : known_) queue.add(key);
    timer.expires_after(period);
    boost::system::error_code woken;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
  }
}

asio::awaitable<std::optional<Duration>> Provisioner::reconcile(std::string key) {
  const auto again = co_await reconciler_.reconcile(key);
  seen_.insert(std::move(key));
  co_return again;
}

// Not before a pass has seen whether the database is ours.
asio::awaitable<std::optional<Duration>> Provisioner::check(std::string key) {
  if (!seen_.contains(key)) co_return std::nullopt;
  co_return co_await checks_.check(std::move(key));
}

asio::awaitable<void> Provisioner::run() {
  using namespace asio::experimental::awaitable_operators;
  constexpr Look reconcile = &Provisioner::reconcile;
  constexpr Look check = &Provisioner::check;
  follow();
  // Two and four at a time: a silent server holds up a check for seconds.
  co_await (work(to_reconcile_, reconcile) && work(to_reconcile_, reconcile) &&
            work(to_check_, check) && work(to_check_, check) && work(to_check_, check) &&
            work(to_check_, check) && tick(context_.options.resync_period, to_reconcile_) &&
            tick(context_.options.health_period, to_check_));
  watches_.clear();
  secrets_.clear();
}

void Provisioner::stop() {
  stopped_ = true;
  watches_.clear();
  secrets_.clear();
  to_reconcile_.close();
  to_check_.close();
  reconcile_tick_.cancel();
  health_tick_.cancel();
}

}  // namespace ratchet::k8s::provisioner
