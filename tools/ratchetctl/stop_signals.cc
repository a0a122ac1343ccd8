#include "tools/ratchetctl/stop_signals.h"

namespace ratchet::ratchetctl {

namespace {
volatile std::sig_atomic_t stop_requested = 0;
}  // namespace

StopSignals::StopSignals() {
  stop_requested = 0;
  struct sigaction action{};
  action.sa_handler = [](int) { stop_requested = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, &interrupt_);
  sigaction(SIGTERM, &action, &terminate_);
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &pipe_);
}

StopSignals::~StopSignals() {
  sigaction(SIGINT, &interrupt_, nullptr);
  sigaction(SIGTERM, &terminate_, nullptr);
  sigaction(SIGPIPE, &pipe_, nullptr);
}

bool StopSignals::came() const { return stop_requested != 0; }

}  // namespace ratchet::ratchetctl
