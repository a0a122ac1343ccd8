// What `ratchetctl plan --database` tries, and what comes of it. How is the program's matter
// (rehearse.h): one without such workflows has no such option.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/core/event.h"
#include "store/log.h"

namespace ratchet::ratchetctl {

// An upgrade that nobody has asked for.
struct Intent {
  std::string database{};    // NAMESPACE/NAME, or NAME in the namespace of the kubeconfig
  std::string target{};      // name of a version in the catalogue
  std::string window{};      // in which it may begin; empty: at any time
  std::string kubeconfig{};  // empty: the one that is found
  std::chrono::milliseconds within{600'000};
};

struct Rehearsal {
  std::unique_ptr<store::LogReader> log{};  // with one run in it; null: none was begun
  std::string run_id{};
  std::string stopped_before{};  // what the run would do or wait for next; empty: it ended
  std::optional<engine::Failure> failure{};  // what the upgrade would fail with
  std::string waits{};                       // what it would wait for first; empty: nothing
  int exit = 0;                              // an Exit (ctl.h)
};

// Throws WrongInput, NoDaemon, NotAllowed. Leaves nothing behind.
using Rehearse = std::function<Rehearsal(const Intent& intent)>;

}  // namespace ratchet::ratchetctl
