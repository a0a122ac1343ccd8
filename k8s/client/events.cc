#include "k8s/client/events.h"

#include <chrono>
#include <deque>
#include <map>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include "k8s/client/kinds.h"
#include "k8s/client/text.h"

namespace ratchet::k8s {
namespace {

namespace asio = boost::asio;

constexpr std::size_t max_waiting = 1000;
constexpr std::size_t max_remembered = 4096;

// The fields by which `kubectl describe` finds the events of an object.
Json reference_to(const Json& object) {
  const Json metadata = object.value("metadata", Json::object());
  Json reference{{"apiVersion", object.value("apiVersion", "")},
                 {"kind", object.value("kind", "")},
                 {"name", metadata.value("name", "")},
                 {"uid", metadata.value("uid", "")}};
  for (const char* optional : {"namespace", "resourceVersion"}) {
    if (metadata.contains(optional)) {
      reference[optional] = metadata[optional];
    }
  }
  return reference;
}

std::string unique_suffix() {
  auto nanos = std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  char text[24];
  return {text, static_cast<std::size_t>(
                    std::snprintf(text, sizeof text, "%llx", static_cast<long long>(nanos)))};
}

}  // namespace

struct EventRecorder::Impl : std::enable_shared_from_this<EventRecorder::Impl> {
  struct Sent {
    Key key;
    int count = 1;
  };

  asio::awaitable<void> drain() {
    while (!waiting.empty()) {
      Json event = std::move(waiting.front());
      waiting.pop_front();
      std::string why;
      try {
        why = co_await send(event);
      } catch (const std::exception& error) {
        why = error.what();
      }
      if (!why.empty()) {
        spdlog::warn("event {} about {} was not recorded: {}", event["reason"].dump(),
                     event["involvedObject"]["name"].dump(), why);
      }
    }
    if (dropped > 0) {
      spdlog::warn("{} events were dropped while too many were waiting", dropped);
      dropped = 0;
    }
    draining = false;
  }

  // Why it could not be sent; empty if it was.
  asio::awaitable<std::string> send(const Json& event) {
    std::string same = identity_of(event);
    auto earlier = sent.find(same);
    if (earlier != sent.end()) {
      Sent again = earlier->second;
      ++again.count;
      Json change{{"count", again.count}, {"lastTimestamp", event["lastTimestamp"]}};
      Reply reply = co_await client->merge_patch(kinds::event, again.key, change);
      if (reply.ok()) {
        sent[same] = again;
        co_return "";
      }
      sent.erase(same);  // servers forget events after an hour: begin anew
    }
    Reply reply = co_await client->create(kinds::event, event);
    if (reply.ok()) {
      remember(same, event);
    }
    co_return reply.message();
  }

  void remember(const std::string& same, const Json& event) {
    if (sent.size() >= max_remembered) {
      sent.clear();  // costs no more than a few counts that begin anew
    }
    const Json& metadata = event["metadata"];
    sent[same] = {{metadata["namespace"], metadata["name"]}, 1};
  }

  // Everything but name and times.
  static std::string identity_of(const Json& event) {
    Json same = event;
    same.erase("metadata");
    same.erase("firstTimestamp");
    same.erase("lastTimestamp");
    same["involvedObject"].erase("resourceVersion");
    return same.dump();
  }

  asio::any_io_executor executor;
  std::shared_ptr<Client> client;
  std::string component;
  std::deque<Json> waiting;
  std::map<std::string, Sent> sent;
  std::size_t dropped = 0;  // since the queue was last empty
  bool draining = false;
};

EventRecorder::EventRecorder(asio::any_io_executor executor, std::shared_ptr<Client> client,
                             std::string component)
    : impl_(std::make_shared<Impl>()) {
  impl_->executor = std::move(executor);
  impl_->client = std::move(client);
  impl_->component = std::move(component);
}

EventRecorder::~EventRecorder() = default;

bool EventRecorder::idle() const { return !impl_->draining; }

void EventRecorder::record(const Json& object, Report report) {
  if (impl_->waiting.size() >= max_waiting) {
    if (impl_->dropped++ == 0) {
      spdlog::warn("event {} is dropped: {} others are waiting", report.reason, max_waiting);
    }
    return;
  }
  Json reference = reference_to(object);
  std::string now = to_time(std::chrono::system_clock::now());
  std::string name = reference.value("name", "");
  impl_->waiting.push_back({{"apiVersion", "v1"},
                            {"kind", "Event"},
                            {"metadata",
                             {{"name", name + "." + unique_suffix()},
                              {"namespace", reference.value("namespace", "default")}}},
                            {"involvedObject", reference},
                            {"reason", std::move(report.reason)},
                            {"message", std::move(report.message)},
                            {"type", report.warning ? "Warning" : "Normal"},
                            {"source", {{"component", impl_->component}}},
                            {"firstTimestamp", now},
                            {"lastTimestamp", now},
                            {"count", 1}});
  if (!std::exchange(impl_->draining, true)) {
    auto impl = impl_;
    asio::co_spawn(impl->executor, impl->drain(), [impl](const std::exception_ptr&) {});
  }
}

}  // namespace ratchet::k8s
