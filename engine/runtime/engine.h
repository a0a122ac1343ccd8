// The engine: drives runs over a log. A decision is durable before it is performed, and a result
// before anybody sees it. An activity may therefore run more than once; it never runs unrecorded.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/core/approval.h"
#include "engine/core/event.h"
#include "engine/core/run.h"
#include "engine/core/workflow.h"
#include "engine/runtime/anchor.h"
#include "engine/runtime/handlers.h"
#include "engine/runtime/host.h"
#include "engine/runtime/retention.h"
#include "store/log.h"

namespace ratchet::engine {

// The daemon must stop with its own exit code: the log failed, or is not the one that was anchored.
class Halt : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct EngineOptions {
  std::string build = "unknown";       // identifies the code that decides
  std::string principal = "ratchetd";  // who opens the log
  // How many runs are kept in memory while they wait. Others are replayed from the log when
  // something happens to them. 0: every run is replayed before every turn.
  std::size_t resident_runs = 8192;
  // How many runs of a workflow are open at once, at least 1; those beyond wait, state queued, and
  // begin in the order in which they were started. None: as many as there are.
  std::map<std::string, std::size_t> limits{};
  // How long the records of a run stay after its end, by outcome. Those that are due are pruned in
  // the background: what remains is the run's summary (so its id stays taken; its key is free since
  // its end), its leaf hashes, and a record of the act. A child stays as long as its parent is
  // open, a run that continued as new until the next one has begun. None: for ever.
  KeepFor retention{};
  // The engine's bytes of the log's page (store/page.h), which must outlive the engine: a turn that
  // ended two processes of this build is not executed again, its run is quarantined. Empty: no
  // such memory.
  std::span<std::byte> breadcrumb{};
  // A turn over 2 s is reported here, from a thread of its own; one over 30 s aborts the process.
  // Empty: turns are not timed.
  std::function<void(const std::string& what)> report_slow_turn{};
  // Whose signatures open gates: an approval counts only with a good one. None: approvals are
  // believed as they are, and one that has a signature is refused, as nobody could check it.
  std::optional<Approvers> approvers{};
};

struct StartRequest {
  std::string run_id;  // 1 to 256 bytes
  std::string workflow;
  Bytes input;
  std::string principal;
  std::string key;  // at most one open run has it; empty: none
};
struct Started {
  std::string run_id;  // of the run that was started, or of the one that stood in its way
  bool fresh = false;  // false: a run with this id exists, or an open one with this key
};

// What an observer is told, always after the record is durable.
struct Recorded {
  std::string run_id;
  std::string workflow;
  Turn turn;
  RunState state = RunState::running;
};

// Why something cannot be done; nothing: it was.
using Refusal = std::optional<std::string>;

struct WasReset {
  Refusal refused;
  std::string run_id{};  // of the run that goes on
};

// One per log. Everything is called, and calls back, on the host's thread.
class Engine {
 public:
  Engine(store::Log& log, Host& host, const Registry& registry, const Handlers& handlers,
         Anchor& anchor, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Compares the log with its anchor, finds the open runs and arms their timers; calls `ready` when
  // runs can be started. Interrupted runs are taken up, and runs that other code decided are
  // replayed, in the background afterwards. Throws Halt if the log is not (or no longer) the one
  // that was anchored, std::invalid_argument for missing handlers, store::Error if the log cannot
  // be read. Call once, after observe() and on_halt().
  void open(std::function<void()> ready);

  // Called for every turn once it is durable, in log order.
  void observe(std::function<void(const Recorded&)> observer);
  // Called once, when an append failed: nothing is performed any more. The process should stop.
  void on_halt(std::function<void(const std::string& why)> halted);

  // Starts a run. False if a run with this id exists, be it open or ended (then nothing happens).
  // The start is durable when the observer sees it.
  // Throws std::invalid_argument for an unknown workflow and for names that are too long or not
  // UTF-8, std::length_error for an input that does not fit into the log; then nothing was
  // recorded. A run that decides at a turn, be it the first, more than a record holds fails there
  // (too_large_code): nothing of that is recorded or performed.
  bool start(const std::string& run_id, const std::string& workflow, const Bytes& input,
             const std::string& principal);
  // The same, with a key: a start that is repeated, by whatever run id, finds the open run.
  Started start(const StartRequest& request);

  // Delivers a signal, to the run that now stands in this one's place if it continued as new. False
  // if none of these is open. What a run received and did not await is the next one's too.
  // Throws std::length_error for a value over 1 MiB, a name over 256 bytes or a principal over
  // 4096, std::invalid_argument for names that are not UTF-8; then nothing was recorded.
  bool signal(const std::string& run_id, const std::string& name, const Bytes& value,
              const std::string& principal);

  // The same by a person, with why. Answers as the acts below do.
  Refusal signal(const std::string& run_id, const std::string& name, const Bytes& value,
                 const By& by);

  // Steering by people. Each act is recorded with who and why. Answers nothing if it was recorded,
  // else why it cannot be done. It is durable when the observer sees it.

  // Asks the run to end: its open awaits fail with cancelled_code (workflow.h), so that its
  // compensation runs. Once a run.
  Refusal cancel(const std::string& run_id, const By& by);
  // Ends the run at once: none of its code runs, nothing is undone. What its steps have begun
  // outside may still take place.
  Refusal terminate(const std::string& run_id, const By& by);
  // From now on no code of the run is executed and facts are held, until resume. Steps that have
  // begun go on to their outcome, retries included.
  Refusal pause(const std::string& run_id, const By& by);
  Refusal resume(const std::string& run_id, const By& by);
  // Has the first `kept` turns of a run, open or ended, go on as another run: "r.reset-2", which
  // begins with copies of them. An open run ends with this, as continued; an ended one stays as it
  // is, and the other begins with a note of who and why. What the run had done after those turns is
  // done anew, under the new run's id; steps that were open then are looked at first, as after a
  // crash, and have their whole time anew; signals that came later are delivered again, decisions
  // of people at gates are not. Refused where anything would be done twice that must not be: a step
  // that is irreversible, or whose doubt a person decides (Effect::manual), has begun and is not
  // completed within the kept turns, or was begun by a child that began after them; or such a child
  // performs one that a cancellation waits for (it lands once), and would go on. Also refused: a
  // child that was open then, a build that decides otherwise than the kept turns say, a key that
  // another open run has, an ended run while as many of its workflow are open as may be, records
  // that are pruned, a first turn that leaves no room in its record for what its copy adds. A child
  // that is reset after its end tells its parent nothing.
  WasReset reset(const std::string& run_id, std::uint32_t kept, const By& by);
  // Lets a run go on that waits since a person accepted the log (care.h).
  Refusal release(const std::string& run_id, const By& by);
  // Has a step that waits for its next attempt or for a person tried again at once.
  Refusal retry(const std::string& run_id, CommandId step, const By& by);
  // Gives such a step its outcome: the result that a person vouches for (of the activity's output
  // type), or a failure. The step is not performed again.
  Refusal skip(const std::string& run_id, CommandId step, const Bytes& result, const By& by);
  Refusal fail_step(const std::string& run_id, CommandId step, const Failure& failure,
                    const By& by);

  // A person's decision at an open gate, having seen the payload with this SHA-256 (32 bytes). One
  // about another payload is refused and recorded as such. The signature is over text_to_sign
  // (approval.h) and must be good (EngineOptions::approvers); a refusal for its sake records
  // nothing. A denial has none.
  Refusal decide(const std::string& run_id, const std::string& gate, bool approve,
                 const std::string& payload_hash, const By& by,
                 const std::optional<Signature>& signature = std::nullopt);

  // Puts a remark on the record of a run, open or ended: the reason. Nothing else happens. Refused
  // if the run's records were removed, or are being removed.
  Refusal note(const std::string& run_id, const By& by);

  // The value that an open run shows under this name (Workflow::expose), as of its last durable
  // turn. Nothing if there is none. Records nothing.
  std::optional<Exposed> query(const std::string& run_id, const std::string& name) const;

  // State of a run, or nothing if the log has none with this id.
  std::optional<RunState> state(const std::string& run_id) const;
  // What an open run waits for, one phrase per open command.
  std::vector<std::string> waiting_for(const std::string& run_id) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ratchet::engine
