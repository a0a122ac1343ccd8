// Ending by a signal, for commands that go on until they are told.
#pragma once

#include <csignal>

namespace ratchet::ratchetctl {

// While it lives, interrupts are asked for instead of deadly: the reader has files to clean up. A
// second one is deadly again. A pipe whose reader has gone is an error of writing. One at a time.
class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  bool came() const;

 private:
  struct sigaction interrupt_{};
  struct sigaction terminate_{};
  struct sigaction pipe_{};
};

}  // namespace ratchet::ratchetctl
