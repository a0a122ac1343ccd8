// Which types the payloads of one run have. Only a StepScheduled names its activity: the result
// that answers it, and the result of the run, take their types from what came before them.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/core/definitions.h"
#include "engine/core/event.h"

namespace ratchet::engine {

// A payload as JSON on one line, in the fields' order; empty: the event has none.
struct DecodedPayloads {
  std::string input;   // what the run or the step was asked, also in the step's completion
  std::string output;  // what the step or the run answered
};

// Fed with the events of a run from its first turn on, in order. Single-threaded.
class Payloads {
 public:
  // What the event carries or answers. The values of signals stay bytes: the log has no type for
  // them. Throws store::Error (corrupt) if the event refers to what the log never defined.
  DecodedPayloads decode(const Event& event, const Definitions& definitions);

  // The activity, signal or workflow that a command belongs to; empty if there is no such command.
  const std::string& name_of_command(CommandId command) const;

 private:
  struct Command {
    std::string name;
    std::uint32_t definition = 0;  // of an activity; 0: a timer or signal
    std::string input;
  };

  void learn(const Event& event, const Definitions& definitions);

  std::map<CommandId, Command> commands_;
  std::optional<std::uint32_t> workflow_;
};

}  // namespace ratchet::engine
