// Which turn is being executed, written where it survives the process: a turn that ended two
// processes is not executed a third time. And a watch on how long a turn takes.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>

namespace ratchet::engine {

// On the engine's thread. One per page.
class Breadcrumb {
 public:
  // `page`: the engine's bytes of the log's page, zeros at first (store/page.h); it outlives this.
  // Empty: nothing is remembered. A turn that another build was executing counts no more.
  Breadcrumb(std::span<std::byte> page, const std::string& build);

  // The turn in which the run gets its `fact`-th fact, from 0: counted so, it has the same number
  // at every attempt.
  bool is_poison(const std::string& run_id, std::uint32_t fact) const;

  // Names the turn while it lives. One at a time.
  class Mark {
   public:
    Mark(Breadcrumb& crumb, const std::string& run_id, std::uint32_t fact);
    ~Mark();
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

   private:
    Breadcrumb& crumb_;
  };

 private:
  struct Layout;
  struct Turn;
  void blame(const Turn& turn);
  Turn* suspect(const Turn& turn) const;
  Turn turn_of(const std::string& run_id, std::uint32_t fact) const;

  Layout* page_ = nullptr;
  std::uint64_t build_ = 0;
};

// Reports a turn that takes longer than it should, once, and ends the process at one that does not
// end: the breadcrumb then names it. A thread of its own.
class TurnWatch {
 public:
  using Report = std::function<void(const std::string& what)>;
  // `report` is called on the watch's thread.
  TurnWatch(std::chrono::milliseconds slow, std::chrono::milliseconds stuck, Report report);
  ~TurnWatch();
  TurnWatch(const TurnWatch&) = delete;
  TurnWatch& operator=(const TurnWatch&) = delete;

  // On the engine's thread, around each turn.
  void begin(const std::string& run_id);
  void end();

 private:
  void watch();

  std::chrono::milliseconds slow_;
  std::chrono::milliseconds stuck_;
  Report report_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  bool reported_ = false;
  std::string run_id_;  // of the turn that is being executed; empty: none is
  std::chrono::steady_clock::time_point began_;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace ratchet::engine
