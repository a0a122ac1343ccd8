#include "engine/runtime/journal.h"

#include <utility>

namespace ratchet::engine {

Journal::Journal(store::Log& log, Host& host, Definitions& definitions,
                 std::function<void(const std::string& why)> halted)
    : log_(log),
      definitions_(definitions),
      durable_size_(log.head().size),
      shared_(std::make_shared<Shared>()) {
  shared_->journal = this;
  log_.listen({.durable =
                   [&host, shared = shared_](std::uint64_t size) {
                     host.post([shared, size] {
                       if (shared->journal != nullptr) shared->journal->durable(size);
                     });
                   },
               .halted =
                   [&host, shared = shared_, halted = std::move(halted)](const std::string& why) {
                     host.post([shared, halted, why] {
                       if (shared->journal == nullptr) return;
                       shared->journal->waiting_.clear();
                       halted(why);
                     });
                   }});
}

Journal::~Journal() { shared_->journal = nullptr; }

void Journal::append(std::string record, std::optional<store::ProjectionWrite> projection,
                     Then then) {
  store::Entry entry;
  if (projection) entry.projections.push_back(std::move(*projection));
  entry.record = std::move(record);
  submit(std::move(entry), std::move(then));
}

void Journal::append(Turn& turn, RunSummary& summary, OpenRun& open, Then then) {
  EncodedTurn encoded = encode(turn, definitions_);
  append_definitions();
  const std::uint64_t index = log_.next_index();
  if (turn.turn == 0) turn.run = index;
  store::Entry entry;
  entry.record = std::move(encoded.record);
  entry.blobs = std::move(encoded.blobs);
  entry.turn = store::RunTurn{turn.run, turn.turn};
  if (fold(summary, turn)) {
    summary.run = turn.run;
    summary.as_of = index;
    entry.projections.push_back({summary_key(summary.run_id), encode(summary)});
  }
  if (open.fold(turn)) entry.projections.push_back({open_run_key(turn.run), open.encode()});
  submit(std::move(entry), std::move(then));
}

void Journal::append_definitions() {
  for (auto& [id, record] : definitions_.take_fresh()) {
    store::Entry entry;
    entry.projections.push_back({definition_key(id), record});
    entry.record = std::move(record);
    submit(std::move(entry), {});
  }
}

void Journal::submit(store::Entry entry, Then then) {
  try {
    const std::uint64_t index = log_.submit(std::move(entry));
    if (then) waiting_.push_back({index, std::move(then)});
  } catch (const store::Error& refused) {
    // The log has failed and the halt is on its way here: nothing of this is recorded, and nothing
    // follows from it.
    if (refused.fault() != store::Fault::halted) throw;
  }
}

void Journal::durable(std::uint64_t size) {
  durable_size_ = size;
  while (!waiting_.empty() && waiting_.front().index < size) {
    const Then then = std::move(waiting_.front().then);
    waiting_.pop_front();
    then();
  }
}

}  // namespace ratchet::engine
