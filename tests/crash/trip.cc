#include "tests/crash/trip.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <vector>

#include <google/protobuf/wrappers.pb.h>

#include "engine/runtime/asio_host.h"
#include "engine/runtime/file_anchor.h"
#include "store/rocks_log.h"

namespace ratchet::crash {
namespace {

using namespace engine;
using namespace std::chrono_literals;
using Text = google::protobuf::StringValue;

constexpr Activity<Text, Text> quote{"quote", Effect::read, Policy{}.backoff(1ms, 1ms)};
constexpr Activity<Text, Text> haggle{"haggle", Effect::idempotent, Policy{}.attempts(1)};
constexpr Activity<Text, Text> book{"book", Effect::conditional};
constexpr Signal<Text> approval{"approval"};

Text text(const std::string& value) {
  Text t;
  t.set_value(value);
  return t;
}

Task<Text> refused(Workflow wf, Text offer) { co_return co_await wf.step(haggle, offer); }

// A turn of every kind: a retried step, one that fails, a timer, a signal, two effects that happen
// once.
Task<Text> trip(Workflow wf, Text where) {
  const Text price = co_await wf.step(quote, where);
  const auto cheaper = co_await attempt(refused(wf, price));
  co_await wf.sleep(1ms);
  const Text by = co_await wf.receive(approval);
  co_await wf.step(book, text("flight"));
  co_await wf.step(book, text("hotel"));
  co_return text(cheaper.failed->code + ", approved by " + by.value());
}

std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string line(const AttemptInfo& info, const Text& what) {
  return info.run_id + " " + what.value();
}

class Process {
 public:
  explicit Process(const Life& life)
      : life_(life),
        host_(io_),
        log_(store::open_rocks_log(life.place.log(), {.env = life.env})),
        registry_(trips()),
        anchor_(life.place.anchor(), host_) {
    serve();
    engine_.emplace(*log_, host_, registry_, handlers_, anchor_, EngineOptions{"test", "test"});
  }

  End run() {
    bool halted = false;
    engine_->observe([this](const Recorded& recorded) { see(recorded); });
    engine_->on_halt([&](const std::string&) {
      halted = true;
      io_.stop();
    });
    const auto work = boost::asio::make_work_guard(io_);
    try {
      engine_->open([this] { go_on(); });
      io_.run_for(60s);
    } catch (const store::Error& error) {
      if (error.fault() != store::Fault::halted) throw;
      halted = true;
    }
    if (!halted && !finished_) throw std::runtime_error("the runs came to no end in 60 s");
    return halted ? End::halted : End::finished;
  }

 private:
  void serve() {
    on(quote, [](const AttemptInfo& info, const Text& where, const Answer<Text>& answer) {
      if (info.attempt == 1) return answer.fail({"busy", "try again"});
      answer.complete(where);
    });
    on(haggle, [](const AttemptInfo&, const Text&, const Answer<Text>& answer) {
      answer.fail({"no", "the price is the price"});
    });
    on(book, [this](const AttemptInfo& info, const Text& what, const Answer<Text>& answer) {
      after(5000us, [this, text = line(info, what), answer, what] {
        std::ofstream(life_.place.ledger(), std::ios::app) << text + "\n" << std::flush;
        after(1000us, [answer, what] { answer.complete(what); });
      });
    });
    handlers_.probe<Text, Text>(book,
                                [this](const auto& info, const Text& what, const auto& answer) {
                                  const auto lines = lines_of(life_.place.ledger());
                                  if (std::ranges::count(lines, line(info, what)) == 0)
                                    return answer.not_done();
                                  answer.done(what);
                                });
  }

  // Time in which a kill leaves a step in doubt: before its effect, and after it.
  void after(std::chrono::microseconds delay, std::function<void()> task) {
    host_.wake_at(host_.now() + delay, std::move(task));
  }

  template <class Handler>
  void on(const Activity<Text, Text>& activity, Handler handler) {
    handlers_.handle<Text, Text>(activity, [this, handler](const AttemptInfo& info, const Text& in,
                                                           const Answer<Text>& answer) {
      life_.performs(info);
      handler(info, in, answer);
    });
  }

  void see(const Recorded& recorded) {
    life_.acknowledged(recorded);
    io_.post([this] { go_on(); });
  }

  // Starts the next run, approves the one that waits for it, ends after the last.
  void go_on() {
    for (std::uint32_t i = 1; i <= life_.runs; ++i) {
      const std::string id = "trip-" + std::to_string(i);
      const auto state = engine_->state(id);
      if (state && *state != RunState::running) continue;
      if (id != current_) {
        current_ = id;
        asked_ = false;
        engine_->start(id, "trip", text(life_.where).SerializeAsString(), "test");
      }
      for (const std::string& phrase : engine_->waiting_for(id)) {
        if (!asked_ && phrase.find("signal approval") != std::string::npos) {
          asked_ = engine_->signal(id, "approval", text("the boss").SerializeAsString(), "boss");
        }
      }
      return;
    }
    finished_ = true;
    io_.stop();
  }

  const Life& life_;
  boost::asio::io_context io_;
  AsioHost host_;
  std::unique_ptr<store::Log> log_;
  Registry registry_;
  Handlers handlers_;
  FileAnchor anchor_;
  std::string current_;
  bool asked_ = false;
  bool finished_ = false;
  std::optional<Engine> engine_;
};

}  // namespace

End live(const Life& life) { return Process(life).run(); }

Registry trips() {
  Registry registry;
  registry.add("trip", 1, trip);
  return registry;
}

std::string kind_of(const Turn& turn) {
  for (const Event& event : turn.events) {
    if (std::holds_alternative<RunCompleted>(event)) return "Ended";
  }
  return name_of(turn.events.front());
}

std::string ledger_of(const Place& place) {
  std::vector<std::string> lines = lines_of(place.ledger());
  std::ranges::sort(lines);
  std::string all;
  for (const std::string& each : lines) all += each + "\n";
  return all;
}

std::string full_ledger(std::uint32_t runs) {
  std::ostringstream all;
  for (std::uint32_t i = 1; i <= runs; ++i)
    all << "trip-" << i << " flight\ntrip-" << i << " hotel\n";
  return all.str();
}

}  // namespace ratchet::crash
