#include "k8s/client/watch.h"

#include <random>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <spdlog/spdlog.h>

namespace ratchet::k8s {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

// As client-go: streams do not all end together.
constexpr int least_timeout_seconds = 300;
constexpr int most_timeout_seconds = 600;

Backoff backoff_of(const WatchOptions& options) {
  auto engine = std::make_shared<std::minstd_rand>(std::random_device{}());
  return {options.first_delay, options.most_delay,
          [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); }};
}

std::chrono::seconds random_timeout() {
  static thread_local std::minstd_rand engine(std::random_device{}());
  return std::chrono::seconds(
      std::uniform_int_distribution(least_timeout_seconds, most_timeout_seconds)(engine));
}

}  // namespace

struct Watch::Impl : std::enable_shared_from_this<Watch::Impl> {
  Impl(std::shared_ptr<HttpClient> through, Resource what, WatchOptions how, WatchHandler tell)
      : client(std::move(through)),
        resource(std::move(what)),
        options(std::move(how)),
        handler(std::move(tell)),
        state(backoff_of(options)) {}

  asio::awaitable<void> run() {
    asio::steady_timer pause(client->executor());
    while (!stopped) {
      if (auto delay = state.delay(); delay.count() > 0) {
        pause.expires_after(delay);
        co_await pause.async_wait(asio::use_awaitable);
      }
      if (state.next() == WatchState::Next::list) {
        co_await list();
      } else {
        co_await watch();
      }
    }
  }

  asio::awaitable<void> list() {
    std::string why;
    Reply reply;
    try {
      ListOptions how;
      how.label_selector = options.label_selector;
      how.field_selector = options.field_selector;
      reply = co_await client->list(resource, options.space, how);
      why = reply.ok() ? "" : std::to_string(reply.code) + " " + reply.message();
    } catch (const ApiError& error) {
      why = error.what();
    }
    if (stopped) {
      co_return;
    }
    if (!why.empty()) {
      state.failed();
      spdlog::warn("list of {} failed, trying again: {}", resource.plural, why);
      co_return;
    }
    for (Event& event : state.listed(reply.body)) {
      emit(std::move(event));
    }
    if (!stopped && handler.on_synced) {
      handler.on_synced();
    }
  }

  asio::awaitable<void> watch() {
    auto opened = Clock::now();
    WatchReply reply;
    std::string why;
    try {
      WatchQuery query{options.label_selector, options.field_selector, state.resource_version(),
                       random_timeout()};
      reply = co_await client->open_watch(resource, options.space, std::move(query));
    } catch (const ApiError& error) {
      why = error.what();
    }
    if (reply.lines) {
      tell_open(true);
      co_await follow(*reply.lines);
      tell_open(false);
    } else if (reply.refusal.gone()) {
      state.expired();
    } else if (!stopped) {
      why = why.empty() ? reply.refusal.message() : why;
      spdlog::warn("watch of {} was refused, trying again: {}", resource.plural, why);
    }
    if (state.next() == WatchState::Next::watch) {
      state.ended(reply.lines ? Clock::now() - opened : Clock::duration::zero());
    }
  }

  // Until the end of the stream, or until it is of no more use.
  asio::awaitable<void> follow(http::LineStream& lines) {
    while (!stopped && state.next() == WatchState::Next::watch) {
      auto text = co_await next_line(lines);
      if (!text || stopped) {
        co_return;
      }
      if (auto event = state.line(*text)) {
        emit(std::move(*event));
      }
    }
  }

  // A silent stream ends like any other.
  asio::awaitable<std::optional<std::string>> next_line(http::LineStream& lines) {
    try {
      co_return co_await lines.next_line(options.idle);
    } catch (const boost::system::system_error&) {
      throw;  // stopped
    } catch (const std::runtime_error& error) {
      spdlog::debug("watch of {}: {}", resource.plural, error.what());
    }
    co_return std::nullopt;
  }

  void emit(Event event) {
    if (!stopped && handler.on_event) {
      handler.on_event(std::move(event));
    }
  }

  void tell_open(bool open) {
    if (!stopped && handler.on_open) {
      handler.on_open(open);
    }
  }

  std::shared_ptr<HttpClient> client;
  Resource resource;
  WatchOptions options;
  WatchHandler handler;
  WatchState state;
  asio::cancellation_signal cancel;
  bool stopped = false;
};

Watch::Watch(std::shared_ptr<HttpClient> client, Resource resource, WatchOptions options,
             WatchHandler handler)
    : impl_(std::make_shared<Impl>(std::move(client), std::move(resource), std::move(options),
                                   std::move(handler))) {}

Watch::~Watch() { stop(); }

void Watch::start() {
  auto impl = impl_;
  auto ended = [impl](const std::exception_ptr& failure) {
    if (failure && !impl->stopped) {
      std::rethrow_exception(failure);
    }
  };
  asio::co_spawn(impl->client->executor(), impl->run(),
                 asio::bind_cancellation_slot(impl->cancel.slot(), ended));
}

void Watch::stop() {
  if (!std::exchange(impl_->stopped, true)) {
    impl_->cancel.emit(asio::cancellation_type::terminal);
  }
}

}  // namespace ratchet::k8s
