#include "engine/runtime/local_engine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <stdexcept>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>

#include "engine/core/await.h"
#include "engine/core/codec.h"
#include "engine/core/definitions.h"
#include "engine/core/summary.h"
#include "engine/runtime/asio_host.h"
#include "engine/runtime/file_anchor.h"
#include "store/page.h"
#include "store/rocks_log.h"

namespace ratchet::engine {

namespace asio = boost::asio;

namespace {

using AttemptSink = Answer<google::protobuf::Message>::Sink;
using ProbeSink = ProbeAnswer<google::protobuf::Message>::Sink;

// Of what is waited for. A later time may be beyond what a clock can tell.
constexpr std::chrono::milliseconds for_ever = std::chrono::hours{24 * 365 * 100};

LocalOptions with_folders(LocalOptions options) {
  if (options.log.empty() || options.anchor.empty()) {
    throw std::invalid_argument(
        "LocalOptions names a folder for the log and a file for its anchor");
  }
  if (options.threads == 0) throw std::invalid_argument("no activity is performed on no thread");
  make_folders(options.log);
  make_folders(options.anchor.parent_path());
  return options;
}

// Calls the work and returns how to tell the engine about it.
std::function<void(const AttemptSink&)> outcome_of(const std::function<Bytes()>& work) {
  try {
    return [result = work()](const AttemptSink& sink) { sink(result, nullptr, false); };
  } catch (const StepFailure& failure) {
    return [failed = failure.failure()](const AttemptSink& sink) { sink({}, &failed, false); };
  } catch (const std::exception& error) {
    const Failure failed{"exception", error.what()};
    return [failed](const AttemptSink& sink) { sink({}, &failed, true); };
  } catch (...) {
    const Failure failed{"exception", "it threw something that is no std::exception"};
    return [failed](const AttemptSink& sink) { sink({}, &failed, true); };
  }
}

std::function<void(const ProbeSink&)> outcome_of(
    const std::function<std::optional<Bytes>()>& look) {
  try {
    const std::optional<Bytes> found = look();
    if (!found) return [](const ProbeSink& sink) { sink(Verdict::not_done, {}, ""); };
    return [found](const ProbeSink& sink) { sink(Verdict::done, *found, ""); };
  } catch (const std::exception& error) {
    return [why = std::string(error.what())](const ProbeSink& sink) {
      sink(Verdict::unknown, {}, why);
    };
  } catch (...) {
    return [](const ProbeSink& sink) {
      sink(Verdict::unknown, {}, "it threw something that is no std::exception");
    };
  }
}

// The attempt for a thread that is not the engine's: heartbeats go there as tasks, and the answer
// of the last one that arrived comes back.
AttemptInfo for_a_thread(AttemptInfo info, Host& host) {
  info.heartbeat = [&host, beat = std::move(info.heartbeat),
                    awaited = std::make_shared<std::atomic<bool>>(true)] {
    host.post([beat, awaited] {
      if (!beat()) awaited->store(false);
    });
    return awaited->load();
  };
  return info;
}

// What waited for a thread past its deadline is not begun: the next attempt may be under way.
void require_in_time(const AttemptInfo& info, Host& host) {
  if (host.now() < info.deadline) return;
  throw std::runtime_error("no thread was free before the attempt's deadline");
}

// What the run's last turn says of its end.
Outcome<Bytes> read_end(const store::LogReader& log, const RunSummary& summary) {
  if (summary.failure) return {std::nullopt, summary.failure};
  if (summary.pruned) {
    return {std::nullopt, Failure{"pruned", "the records of run " + summary.run_id +
                                                " were pruned, and its result with them"}};
  }
  Definitions definitions;
  load_definitions(log, definitions);
  Outcome<Bytes> end{Bytes{}, std::nullopt};
  log.scan_run(summary.run, 0, [&](std::uint32_t, const store::Record& record) {
    const Turn turn = std::get<Turn>(decode(record, definitions, blobs_of(log)));
    for (const Event& event : turn.events) {
      if (const auto* done = std::get_if<RunCompleted>(&event)) end.value = done->result;
    }
    return true;
  });
  return end;
}

}  // namespace

struct LocalEngine::Impl {
  explicit Impl(LocalOptions given)
      : options(with_folders(std::move(given))),
        host(io),
        threads(options.threads),
        log(store::open_rocks_log(options.log.string(), {.flush_at_close = true})),
        page(store::Page::open_or_create(options.log.string(), log->head().log_id,
                                         log->head().size)),
        anchor(options.anchor, host) {}

  ~Impl() {
    threads.stop();
    threads.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Calls `work` on a thread and its sink on the engine's. Sinks stay on the engine's thread: the
  // last copy that goes away unanswered speaks to the engine, too.
  template <class Work, class Sink>
  void offload(Work work, Sink sink, std::map<std::uint64_t, Sink>& waiting) {
    const std::uint64_t id = ++last_job;
    waiting.emplace(id, std::move(sink));
    asio::post(threads, [this, id, work = std::move(work), &waiting] {
      host.post([id, tell = outcome_of(work), &waiting] {
        const auto job = waiting.extract(id);
        tell(job.mapped());
      });
    });
  }

  // Works until `done` holds; false if it does not within that time.
  template <class Done>
  bool work_until(const Done& done, std::chrono::steady_clock::time_point deadline) {
    while (!done()) {
      if (!halted.empty()) throw Halt(halted);
      if (std::chrono::steady_clock::now() >= deadline) return false;
      io.restart();
      io.run_one_until(deadline);
    }
    return true;
  }

  LocalOptions options;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> kept_alive{io.get_executor()};
  AsioHost host;
  std::uint64_t last_job = 0;
  std::map<std::uint64_t, AttemptSink> attempts;
  std::map<std::uint64_t, ProbeSink> probes;
  asio::thread_pool threads;
  std::unique_ptr<store::Log> log;
  store::Page page;
  FileAnchor anchor;
  Registry registry;
  Handlers handlers;
  std::string halted;
  std::atomic<bool> stopping = false;
  std::optional<Engine> engine;  // first to go: the rest is what it stands on
};

LocalEngine::LocalEngine(LocalOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
LocalEngine::~LocalEngine() = default;

Registry& LocalEngine::registry() { return impl_->registry; }
Handlers& LocalEngine::handlers() { return impl_->handlers; }
Host& LocalEngine::host() { return impl_->host; }
const store::LogReader& LocalEngine::log() const { return *impl_->log; }

Engine& LocalEngine::engine() {
  if (!impl_->engine) throw std::logic_error("call LocalEngine::open() before engine()");
  return *impl_->engine;
}

void LocalEngine::perform(const ActivityInfo& activity,
                          std::function<Bytes(const AttemptInfo&, const Bytes&)> work) {
  const Handlers::Entry* known = impl_->handlers.find(activity.name);
  Handlers::Entry entry = known == nullptr ? Handlers::Entry{} : *known;
  entry.info = activity;
  entry.perform = [impl = impl_.get(), work = std::move(work)](
                      const AttemptInfo& info, const Bytes& input, AttemptSink sink) {
    std::function<Bytes()> job = [impl, work, input, seen = for_a_thread(info, impl->host)] {
      require_in_time(seen, impl->host);
      return work(seen, input);
    };
    impl->offload(std::move(job), std::move(sink), impl->attempts);
  };
  impl_->handlers.put(std::move(entry));
}

void LocalEngine::probe(
    const ActivityInfo& activity,
    std::function<std::optional<Bytes>(const AttemptInfo&, const Bytes&)> look) {
  const Handlers::Entry* known = impl_->handlers.find(activity.name);
  Handlers::Entry entry = known == nullptr ? Handlers::Entry{} : *known;
  entry.info = activity;
  entry.probe = [impl = impl_.get(), look = std::move(look)](const AttemptInfo& info,
                                                             const Bytes& input, ProbeSink sink) {
    std::function<std::optional<Bytes>()> job =
        [look, input, seen = for_a_thread(info, impl->host)] { return look(seen, input); };
    impl->offload(std::move(job), std::move(sink), impl->probes);
  };
  impl_->handlers.put(std::move(entry));
}

void LocalEngine::open() {
  Impl& impl = *impl_;
  EngineOptions& options = impl.options.engine;
  options.build = impl.options.build;
  options.principal = impl.options.principal;
  options.breadcrumb = impl.page.engine_bytes();
  impl.engine.emplace(*impl.log, impl.host, impl.registry, impl.handlers, impl.anchor,
                      std::move(options));
  impl.engine->on_halt([&impl](const std::string& why) { impl.halted = why; });
  bool ready = false;
  impl.engine->open([&ready] { ready = true; });
  const auto deadline = std::chrono::steady_clock::now() + impl.options.open_within;
  if (impl.work_until([&ready] { return ready; }, deadline)) return;
  throw std::runtime_error("the engine was not ready in time: can the anchor " +
                           impl.options.anchor.string() + " be written, and its folder synced?");
}

Outcome<Bytes> LocalEngine::finish(const std::string& run_id, std::chrono::milliseconds within) {
  const auto failed = [](std::string code, std::string message) {
    return Outcome<Bytes>{std::nullopt, Failure{std::move(code), std::move(message)}};
  };
  const store::Log& log = *impl_->log;
  std::string last = run_id;  // of those that went on in its place
  std::optional<RunState> state;
  const auto ended = [&] {
    for (state = engine().state(last); state == RunState::continued; state = engine().state(last)) {
      last = decode_summary(log.projection(summary_key(last)).value()).successor;
    }
    if (state) return has_ended(*state) || state == RunState::quarantined;
    // Unknown, unless its start is on its way to the disk. A successor is known: it will begin.
    return last == run_id && log.next_index() == log.head().size &&
           !log.projection(summary_key(last));
  };
  if (!impl_->work_until(ended, std::chrono::steady_clock::now() + std::min(within, for_ever))) {
    std::string waits;
    for (const std::string& phrase : engine().waiting_for(last)) waits += "; " + phrase;
    return failed("not_ended", "run " + last + " has not ended yet" + waits);
  }
  const auto summary = log.projection(summary_key(last));
  if (!summary) return failed("no_run", "the log has no run " + run_id);
  if (state != RunState::quarantined) return read_end(log, decode_summary(*summary));
  return failed("quarantined", "run " + last + " does not follow this build's workflow: " +
                                   decode_summary(*summary).failure.value_or(Failure{}).message);
}

void LocalEngine::serve() {
  asio::signal_set signals(impl_->io, SIGINT, SIGTERM);
  signals.async_wait([this](const boost::system::error_code& cancelled, int) {
    if (!cancelled) impl_->stopping = true;
  });
  impl_->work_until([this] { return impl_->stopping.load(); },
                    std::chrono::steady_clock::time_point::max());
}

void LocalEngine::stop() {
  impl_->stopping = true;
  impl_->host.post([] {});
}

}  // namespace ratchet::engine
