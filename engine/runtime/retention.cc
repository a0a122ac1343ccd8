#include "engine/runtime/retention.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "engine/runtime/care.h"

namespace ratchet::engine {

namespace {

constexpr std::size_t runs_a_batch = 16;
// Those that are due first; the others are found again when these are gone.
constexpr std::size_t most_remembered = 65'536;
constexpr Duration look_again_after{600'000'000};

std::string why_of(Duration kept) {
  return "records of runs that ended so are kept for " + std::to_string(kept.count() / 1'000'000) +
         " s";
}

}  // namespace

struct Retention::State : std::enable_shared_from_this<State> {
  using Due = std::pair<Time, std::string>;  // when, and which run

  State(const store::LogReader& l, Host& h, KeepFor k, Prune p)
      : log(l), host(h), keep(std::move(k)), prune(std::move(p)) {
    for (const auto& [outcome, time] : keep) {
      if (has_ended(outcome) && time >= Duration{}) continue;
      throw std::invalid_argument(
          "retention of state " + std::to_string(static_cast<int>(outcome)) + " for " +
          std::to_string(time.count()) + " us: name a state that ends a run, and a time from 0 up");
    }
  }

  void remember(Time due, const std::string& run_id) {
    set.emplace(due, run_id);
    if (set.size() <= most_remembered) return;
    set.erase(std::prev(set.end()));
    forgot = true;
  }

  void add(const RunSummary& run) {
    const auto kept = keep.find(run.state);
    if (kept == keep.end() || !run.ended || run.pruned) return;
    remember(*run.ended + kept->second, run.run_id);
  }

  void look() {
    forgot = false;
    log.scan_projections(summary_prefix, [this](std::string_view, std::string_view bytes) {
      add(decode_summary(bytes));
      return true;
    });
  }

  void wake() {
    if (pending > 0 || set.empty() || set.begin()->first >= awaited) return;
    awaited = set.begin()->first;
    host.wake_at(awaited, [weak = weak_from_this(), due = awaited] {
      const auto self = weak.lock();
      if (!self) return;
      if (self->awaited == due) self->awaited = Time::max();
      self->batch();
    });
  }

  void batch() {
    if (pending > 0) return;
    std::vector<Due> due;
    while (due.size() < runs_a_batch && !set.empty() && set.begin()->first <= host.now()) {
      due.push_back(std::move(set.extract(set.begin()).value()));
    }
    ++pending;  // so that none of them ends the batch
    for (const Due& one : due) take(one);
    finished();
  }

  void take(const Due& due) {
    const auto bytes = log.projection(summary_key(due.second));
    if (!bytes) return;
    const RunSummary run = decode_summary(*bytes);
    if (run.pruned) return;
    if (!can_be_pruned(log, run)) return remember(host.now() + look_again_after, due.second);
    ++pending;
    prune(run, why_of(keep.at(run.state)), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->finished();
    });
  }

  void finished() {
    if (--pending > 0) return;
    if (set.empty() && forgot) look();
    wake();
  }

  const store::LogReader& log;
  Host& host;
  const KeepFor keep;
  const Prune prune;
  std::set<Due> set;
  bool forgot = false;      // there are more, due later than all in `set`
  std::size_t pending = 0;  // of the batch
  Time awaited = Time::max();
};

Retention::Retention(const store::LogReader& log, Host& host, KeepFor keep, Prune prune)
    : state_(std::make_shared<State>(log, host, std::move(keep), std::move(prune))) {}

void Retention::look() {
  if (state_->keep.empty()) return;
  state_->look();
  state_->wake();
}

void Retention::ended(const RunSummary& run) {
  state_->add(run);
  state_->wake();
}

}  // namespace ratchet::engine
