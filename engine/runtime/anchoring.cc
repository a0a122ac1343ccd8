#include "engine/runtime/anchoring.h"

#include <algorithm>
#include <utility>

#include "engine/runtime/engine.h"
#include "store/anchor_check.h"

namespace ratchet::engine {

namespace {
constexpr Duration retry_after{1'000'000};
constexpr Duration refresh_every{1'000'000};
constexpr const char* ways_out =
    " Nothing was performed. The ways out are in docs/OPERATING.md, Care of the log.";
}  // namespace

struct Anchoring::State : std::enable_shared_from_this<State> {
  struct Waiting {
    std::uint64_t size = 0;
    std::function<void()> then;
  };

  State(Anchor& a, Host& h, std::function<store::Head()> f)
      : anchor(a), host(h), head(std::move(f)) {}

  // At most one write a second that nothing waits for: many short runs end in one. What is being
  // written by now may be an older head.
  void refresh() {
    if (writing) refresh_after = true;
    if (writing || refresh_due) return;
    const Time next = last_write + refresh_every;
    if (next <= host.now()) return write();
    refresh_due = true;
    host.wake_at(next, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->refresh_due = false;
      if (!self->writing) self->write();
    });
  }

  void write() {
    writing = true;
    refresh_after = false;
    last_write = host.now();
    const store::Head now = head();
    anchor.write(now, [weak = weak_from_this(), size = now.size](const std::string& why) {
      if (const auto self = weak.lock()) self->written(size, why);
    });
  }

  void written(std::uint64_t size, const std::string& why) {
    trouble = why;
    if (!why.empty()) {
      host.wake_at(host.now() + retry_after, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->write();
      });
      return;
    }
    writing = false;
    covered = std::max(covered, size);
    std::vector<Waiting> ready;
    std::erase_if(waiting, [&](Waiting& w) {
      if (w.size > covered) return false;
      ready.push_back(std::move(w));
      return true;
    });
    if (!waiting.empty()) write();
    if (std::exchange(refresh_after, false)) refresh();
    for (const Waiting& w : ready) w.then();
  }

  Anchor& anchor;
  Host& host;
  std::function<store::Head()> head;
  std::uint64_t covered = 0;
  bool writing = false;
  bool refresh_due = false;
  bool refresh_after = false;  // somebody asked during a write
  Time last_write{};
  std::vector<Waiting> waiting;
  std::string trouble;
};

Anchoring::Anchoring(Anchor& anchor, Host& host, std::function<store::Head()> head)
    : state_(std::make_shared<State>(anchor, host, std::move(head))) {}
Anchoring::~Anchoring() = default;

std::optional<std::uint64_t> Anchoring::check(const store::LogReader& log, Anchor& anchor) {
  const std::optional<store::Head> anchored = anchor.read();
  const store::Head head = log.head();
  if (!anchored) {
    if (head.size <= 1) return std::nullopt;
    throw Halt("the log holds " + std::to_string(head.size) +
               " records but its anchor is missing: somebody removed the anchor, or this is a "
               "copy of another cluster's log; `ratchetctl adopt` accepts it." +
               ways_out);
  }
  try {
    store::check_extends(log, *anchored);
  } catch (const store::Error& error) {
    throw Halt(std::string("the log is not the one that was anchored: ") + error.what() + "." +
               ways_out);
  }
  return anchored->size;
}

void Anchoring::cover(std::uint64_t size, std::function<void()> then) {
  if (size <= state_->covered) return then();
  state_->waiting.push_back({size, std::move(then)});
  if (!state_->writing) state_->write();
}

void Anchoring::refresh() { state_->refresh(); }

const std::string& Anchoring::trouble() const { return state_->trouble; }

}  // namespace ratchet::engine
