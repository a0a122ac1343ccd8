#include "k8s/client/lease.h"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "k8s/client/kinds.h"
#include "k8s/client/text.h"

namespace ratchet::k8s {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

std::string holder_of(const Json& object) {
  const Json spec = object.value("spec", Json::object());
  auto holder = spec.find("holderIdentity");
  return holder != spec.end() && holder->is_string() ? holder->get<std::string>() : "";
}

milliseconds duration_of(const Json& object) {
  const Json spec = object.value("spec", Json::object());
  auto seconds = spec.find("leaseDurationSeconds");
  return std::chrono::seconds(
      seconds != spec.end() && seconds->is_number_integer() ? seconds->get<int>() : 0);
}

std::string lease_version(const Json& object) {
  return object.value("metadata", Json::object()).value("resourceVersion", "");
}

}  // namespace

struct Lease::Impl : std::enable_shared_from_this<Lease::Impl> {
  Impl(const asio::any_io_executor& on, std::shared_ptr<Client> through, LeaseOptions how,
       std::function<void()> tell)
      : client(std::move(through)),
        options(std::move(how)),
        on_loss(std::move(tell)),
        executor(on),
        expiry(on),
        pause(on),
        turn(on, Clock::time_point::max()) {}

  // One write at a time: each needs the version that the one before it made.
  struct Turn {
    explicit Turn(Impl& of) : impl(of) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      impl.writing = false;
      impl.turn.cancel();
    }
    Impl& impl;
  };

  asio::awaitable<std::unique_ptr<Turn>> take_turn() {
    while (writing) {
      co_await turn.async_wait(as_tuple);
    }
    writing = true;
    co_return std::make_unique<Turn>(*this);
  }

  // Sends our record on top of `object`; the answer becomes `object`.
  asio::awaitable<Reply> write(Json wanted) {
    auto sent = Clock::now();
    bool is_new = lease_version(wanted).empty();
    Reply reply = is_new ? co_await client->create(kinds::lease, std::move(wanted))
                         : co_await client->update(kinds::lease, std::move(wanted));
    if (reply.ok()) {
      object = reply.body;
      // Others count from when they see this write, which is later than when we sent it.
      valid_until = sent + options.duration - options.margin;
    }
    co_return reply;
  }

  Json ours(Json from, bool taking_over) const {
    std::string now = to_micro_time(std::chrono::system_clock::now());
    from["apiVersion"] = kinds::lease.api_version();
    from["kind"] = kinds::lease.kind;
    from["metadata"]["name"] = options.key.name;
    from["metadata"]["namespace"] = options.key.space;
    Json& spec = from["spec"];
    spec["renewTime"] = now;
    spec["leaseDurationSeconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(options.duration).count();
    if (taking_over) {
      spec["acquireTime"] = now;
      spec["leaseTransitions"] = spec.value("leaseTransitions", -1) + 1;
    }
    spec["holderIdentity"] = options.identity;
    return from;
  }

  // What is known of a lease that is not ours.
  struct Observed {
    std::string holder;
    std::string version;
    Clock::time_point since;
  };

  bool free_to_take(const Json& seen, Observed& observed) const {
    std::string holder = holder_of(seen);
    if (holder.empty() || holder == options.identity ||
        (options.known_dead && options.known_dead(holder))) {
      return true;
    }
    if (observed.holder != holder) {
      spdlog::info("lease {}/{} is held by {}: waits until it is released or runs out",
                   options.key.space, options.key.name, holder);
    }
    if (observed.version != lease_version(seen)) {
      observed = {holder, lease_version(seen), Clock::now()};
    }
    return Clock::now() >= observed.since + std::max(options.duration, duration_of(seen));
  }

  asio::awaitable<bool> try_acquire(Observed& observed) {
    auto taken = co_await take_turn();
    Reply seen = co_await client->get(kinds::lease, options.key);
    Json from = seen.ok() ? seen.body : Json::object();
    if (seen.ok() && !free_to_take(seen.body, observed)) {
      co_return false;
    }
    if (!seen.ok() && !seen.not_found()) {
      throw ApiError(seen.code, seen.message());
    }
    Reply reply = co_await write(ours(std::move(from), true));
    if (!reply.ok() && !reply.conflict()) {
      throw ApiError(reply.code, reply.message());
    }
    co_return reply.ok();
  }

  asio::awaitable<void> acquire() {
    asio::steady_timer retry(executor);
    Observed observed;
    while (true) {
      std::string why;
      try {
        if (co_await try_acquire(observed)) {
          break;
        }
      } catch (const ApiError& error) {
        why = error.what();
      }
      if (!why.empty()) {
        spdlog::warn("lease {}/{} cannot be acquired, trying again: {}", options.key.space,
                     options.key.name, why);
      }
      retry.expires_after(options.retry_every);
      co_await retry.async_wait(asio::use_awaitable);
    }
    begin();
  }

  void begin() {
    holding = true;
    ++term;
    watch_expiry();
    asio::co_spawn(executor, renew(shared_from_this(), term), [](const std::exception_ptr&) {});
  }

  // The clock alone decides when we have lost it, whatever request is under way.
  void watch_expiry() {
    expiry.expires_at(valid_until);
    expiry.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
      auto self = weak.lock();
      if (cancelled || !self || !self->holding) {
        return;
      }
      if (Clock::now() >= self->valid_until) {
        self->lose("it could not be renewed in time");
      } else {
        self->watch_expiry();
      }
    });
  }

  void lose(const std::string& why) {
    if (!std::exchange(holding, false)) {
      return;
    }
    spdlog::error("lease {}/{} is lost: {}", options.key.space, options.key.name, why);
    stop();
    if (on_loss) {
      on_loss();
    }
  }

  // A write under way is left to end: cutting it would only make its effect unknown.
  void stop() {
    holding = false;
    expiry.cancel();
    pause.cancel();
  }

  static asio::awaitable<void> renew(std::shared_ptr<Impl> self, unsigned term) {
    milliseconds wait = self->options.renew_every;
    while (true) {
      self->pause.expires_after(wait);
      co_await self->pause.async_wait(as_tuple);
      if (!self->holding || self->term != term) {
        co_return;
      }
      std::string why;
      try {
        co_await self->update({});
      } catch (const ApiError& error) {
        why = error.what();
      }
      wait = self->options.renew_every;
      if (!why.empty()) {
        wait = self->options.retry_every;
        spdlog::warn("lease {}/{} was not renewed, trying again: {}", self->options.key.space,
                     self->options.key.name, why);
      }
    }
  }

  // Renews, and writes annotations with it; false if the lease is lost.
  asio::awaitable<bool> update(const std::map<std::string, std::string>& annotations) {
    auto taken = co_await take_turn();
    while (holding) {
      Json wanted = ours(object, false);
      for (const auto& [name, value] : annotations) {
        wanted["metadata"]["annotations"][name] = value;
      }
      Reply reply = co_await write(std::move(wanted));
      if (reply.ok()) {
        co_return holding;
      }
      if (!reply.conflict() && !reply.not_found()) {
        throw ApiError(reply.code, reply.message());
      }
      co_await look_again();
    }
    co_return false;
  }

  // After a conflict: either our own write of unknown effect or a third party's edit has moved the
  // version, or somebody else holds the lease.
  asio::awaitable<void> look_again() {
    Reply seen = co_await client->get(kinds::lease, options.key);
    if (seen.ok() && holder_of(seen.body) == options.identity) {
      object = seen.body;
    } else if (seen.ok()) {
      lose("it is held by '" + holder_of(seen.body) + "'");
    } else {
      lose("the object is gone");
    }
  }

  asio::awaitable<void> release() {
    if (!holding) {
      co_return;
    }
    stop();
    auto taken = co_await take_turn();
    Json free = ours(object, false);
    free["spec"]["holderIdentity"] = "";
    std::string why;
    try {
      Reply reply = co_await client->update(kinds::lease, std::move(free));
      why = reply.message();
    } catch (const ApiError& error) {
      why = error.what();
    }
    if (!why.empty()) {
      spdlog::warn("lease {}/{} was not released, others wait until it runs out: {}",
                   options.key.space, options.key.name, why);
    }
  }

  std::shared_ptr<Client> client;
  LeaseOptions options;
  std::function<void()> on_loss;
  asio::any_io_executor executor;
  asio::steady_timer expiry;
  asio::steady_timer pause;  // between renewals
  asio::steady_timer turn;   // never expires; cancelled when a write has ended
  Json object;               // the last one that the server has shown us as ours
  Clock::time_point valid_until{};
  unsigned term = 0;
  bool holding = false;
  bool writing = false;
};

Lease::Lease(const asio::any_io_executor& executor, std::shared_ptr<Client> client,
             LeaseOptions options, std::function<void()> on_loss)
    : impl_(std::make_shared<Impl>(executor, std::move(client), std::move(options),
                                   std::move(on_loss))) {}

Lease::~Lease() { impl_->stop(); }

asio::awaitable<void> Lease::acquire() {
  auto impl = impl_;
  co_await impl->acquire();
}

bool Lease::held(Duration ahead) const {
  return impl_->holding && Clock::now() + ahead < impl_->valid_until;
}

asio::awaitable<bool> Lease::annotate(std::map<std::string, std::string> annotations) {
  auto impl = impl_;
  co_return co_await impl->update(annotations);
}

std::optional<std::string> Lease::annotation(const std::string& name) const {
  Json pointed = impl_->object.is_object() ? impl_->object : Json::object();
  Json annotations = pointed.value("metadata", Json::object()).value("annotations", Json::object());
  auto found = annotations.find(name);
  return found == annotations.end() ? std::nullopt : std::optional(found->get<std::string>());
}

asio::awaitable<void> Lease::release() {
  auto impl = impl_;
  co_await impl->release();
}

}  // namespace ratchet::k8s
