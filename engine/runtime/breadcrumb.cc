#include "engine/runtime/breadcrumb.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace ratchet::engine {

namespace {

constexpr std::uint32_t deadly = 2;

// FNV-1a: the same in every build.
std::uint64_t hash(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

}  // namespace

struct Breadcrumb::Turn {
  std::uint64_t run;  // hash of its id
  std::uint64_t build;
  std::uint32_t fact;
  std::uint32_t ends;  // processes that ended in it; 0: the slot is free
};

// docs/LOG_FORMAT.md. In the machine's byte order: the page never leaves the machine.
struct Breadcrumb::Layout {
  std::uint32_t executing;  // 1: `now` is
  std::uint32_t next;       // the slot that is taken next when none is free
  Turn now;
  std::array<Turn, 64> suspects;
};

Breadcrumb::Breadcrumb(std::span<std::byte> page, const std::string& build) : build_(hash(build)) {
  if (page.size() < sizeof(Layout)) return;
  page_ = reinterpret_cast<Layout*>(page.data());
  for (Turn& turn : page_->suspects) {
    if (turn.build != build_) turn = {};
  }
  if (page_->executing != 0 && page_->now.build == build_) blame(page_->now);
  page_->executing = 0;
}

Breadcrumb::Turn* Breadcrumb::suspect(const Turn& turn) const {
  if (page_ == nullptr) return nullptr;
  const auto found = std::ranges::find_if(page_->suspects, [&](const Turn& known) {
    return known.ends > 0 && known.run == turn.run && known.fact == turn.fact;
  });
  return found == page_->suspects.end() ? nullptr : &*found;
}

Breadcrumb::Turn Breadcrumb::turn_of(const std::string& run_id, std::uint32_t fact) const {
  return {hash(run_id), build_, fact, 1};
}

void Breadcrumb::blame(const Turn& turn) {
  if (Turn* known = suspect(turn)) {
    ++known->ends;
    return;
  }
  auto& suspects = page_->suspects;
  auto slot = std::ranges::find(suspects, 0U, &Turn::ends);
  if (slot == suspects.end()) slot = suspects.begin() + page_->next++ % suspects.size();
  *slot = turn;
}

bool Breadcrumb::is_poison(const std::string& run_id, std::uint32_t fact) const {
  const Turn* known = suspect(turn_of(run_id, fact));
  return known != nullptr && known->ends >= deadly;
}

Breadcrumb::Mark::Mark(Breadcrumb& crumb, const std::string& run_id, std::uint32_t fact)
    : crumb_(crumb) {
  if (crumb.page_ == nullptr) return;
  crumb.page_->now = crumb.turn_of(run_id, fact);
  std::atomic_ref(crumb.page_->executing).store(1, std::memory_order_release);
}

Breadcrumb::Mark::~Mark() {
  if (crumb_.page_ == nullptr) return;
  std::atomic_ref(crumb_.page_->executing).store(0, std::memory_order_release);
  if (Turn* known = crumb_.suspect(crumb_.page_->now)) *known = {};  // it did end, this time
}

TurnWatch::TurnWatch(std::chrono::milliseconds slow, std::chrono::milliseconds stuck, Report report)
    : slow_(slow), stuck_(stuck), report_(std::move(report)), thread_([this] { watch(); }) {}

TurnWatch::~TurnWatch() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void TurnWatch::begin(const std::string& run_id) {
  const std::scoped_lock lock(mutex_);
  run_id_ = run_id;
  began_ = std::chrono::steady_clock::now();
  reported_ = false;
}

void TurnWatch::end() {
  const std::scoped_lock lock(mutex_);
  run_id_.clear();
}

void TurnWatch::watch() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    changed_.wait_for(lock, slow_ / 4);
    if (run_id_.empty()) continue;
    const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began_);
    const std::string what =
        "a turn of run " + run_id_ + " takes " + std::to_string(taken.count()) + " ms";
    if (taken >= stuck_) {
      std::fprintf(stderr, "%s: it does not end; aborting\n", what.c_str());
      std::abort();
    }
    if (taken < slow_ || reported_) continue;
    reported_ = true;
    lock.unlock();
    report_(what + "; workflow code only decides, work belongs into activities");
    lock.lock();
  }
}

}  // namespace ratchet::engine
