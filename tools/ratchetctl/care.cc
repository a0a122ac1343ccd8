#include "tools/ratchetctl/care.h"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <utility>

#include <CLI/CLI.hpp>

#include "engine/core/utf8.h"
#include "engine/inspect/rebuild.h"
#include "engine/inspect/verify.h"
#include "engine/runtime/care.h"
#include "store/checkpoint.h"
#include "store/rocks_care.h"
#include "store/rocks_log.h"
#include "tools/ratchetctl/api_file.h"
#include "tools/ratchetctl/progress.h"
#include "tools/ratchetctl/publish.h"
#include "tools/ratchetctl/steer.h"

namespace ratchet::ratchetctl {

namespace {

struct CareOptions {
  std::string anchor_file;
  std::string into;
  bool accept_loss = false;
  std::string reason;
  std::string principal;
  std::string run_id;
  engine::Time ended_before{};
  std::string outcome;
  bool dry_run = false;
};

const std::map<std::string, engine::RunState> outcomes{{"completed", engine::RunState::completed},
                                                       {"failed", engine::RunState::failed},
                                                       {"cancelled", engine::RunState::cancelled},
                                                       {"terminated", engine::RunState::terminated},
                                                       {"continued", engine::RunState::continued}};

engine::By by(const CareOptions& options) { return {options.principal, options.reason}; }

engine::Time now() {
  return std::chrono::floor<engine::Duration>(std::chrono::system_clock::now());
}

// Opens the log, which must exist, for writing.
std::unique_ptr<store::Log> open_to_write(const std::string& dir) {
  if (!std::filesystem::exists(dir + "/CURRENT")) throw NotFound("there is no log in " + dir);
  return store::open_rocks_log(dir);
}

// The head after everything that was submitted; closing a log writes it.
store::Head close(std::unique_ptr<store::Log> log, const std::string& dir) {
  const std::uint64_t expected = log->next_index();
  log.reset();
  const store::Head head = store::open_rocks_reader(dir)->head();
  if (head.size == expected) return head;
  throw store::Error(store::Fault::io, "the log in " + dir + " has " + std::to_string(head.size) +
                                           " records where " + std::to_string(expected) +
                                           " were to be: it could not be written to; check its "
                                           "volume");
}

// The new head is the anchor from now on. Who may replace the anchor decides that, not this
// program.
void print_new_anchor(const store::Head& head, const CareOptions& options, const Output& output) {
  const std::string checkpoint = store::to_checkpoint(head);
  if (!options.anchor_file.empty()) {
    write_file(options.anchor_file, checkpoint);
    output.streams.out << "the new anchor is in " << options.anchor_file << "\n";
  }
  const Document patch{{"metadata", {{"annotations", {{"ratchet.dev/anchor", checkpoint}}}}}};
  output.streams.out << "if the anchor is the Lease's, put it there, in its namespace:\n"
                     << "  kubectl patch lease ratchet-ops-manager --type=merge -p '"
                     << patch.dump() << "'\n";
}

void print_waiting(const std::vector<std::string>& runs, const Output& output) {
  for (const std::string& run : runs) output.streams.out << "awaits its release: " << run << "\n";
  if (runs.empty()) return;
  output.streams.out << "look at what each of them may have done since, then let it go on: "
                        "ratchetctl release RUN --reason …\n";
}

// What is refused is the user's order, not the log.
template <class Failure = WrongInput, class Act>
auto as_ordered(const Act& act) {
  try {
    return act();
  } catch (const std::invalid_argument& refused) {
    throw Failure(refused.what());
  }
}

int accept(const std::string& dir, const std::optional<store::Head>& anchor,
           const CareOptions& options, const Output& output) {
  if (options.dry_run) {
    const auto log = store::open_rocks_reader(dir);
    output.streams.out << "would accept a log of " << log->head().size << " records"
                       << (anchor ? " for one of " + std::to_string(anchor->size) : std::string())
                       << "\n";
    for (const auto& run : as_ordered([&] { return engine::acceptable(*log, anchor); })) {
      output.streams.out << "would await its release: " << run << "\n";
    }
    return Exit::well;
  }
  auto log = open_to_write(dir);
  const auto waiting =
      as_ordered([&] { return engine::accept_log(*log, anchor, by(options), now()); });
  const store::Head head = close(std::move(log), dir);
  output.streams.out << "accepted: a log of " << head.size << " records"
                     << (anchor ? " for one of " + std::to_string(anchor->size) : std::string())
                     << "; record " << head.size - 1 << " says who and why\n";
  print_waiting(waiting, output);
  print_new_anchor(head, options, output);
  return Exit::well;
}

int restore(const std::string& dir, const CareOptions& options, const Output& output) {
  return accept(dir, checkpoint_in(options.anchor_file), options, output);
}

int adopt(const std::string& dir, const CareOptions& options, const Output& output) {
  return accept(dir, std::nullopt, options, output);
}

// Copies what can be read, and says how much that is. Throws store::Error: then there is no copy.
store::Salvaged salvage(const std::string& dir, const CareOptions& options, const Output& output) {
  const store::Head anchor = checkpoint_in(options.anchor_file);
  const store::Salvaged salvaged = store::salvage_rocks_log(dir, options.into, anchor);
  ProgressLine line(output.streams, "repair");
  const engine::VerifyReport report =
      engine::verify(*store::open_rocks_reader(options.into), anchor, nullptr, line.reporter());
  if (report.ok()) return salvaged;
  std::filesystem::remove_all(options.into);
  throw store::Error(store::Fault::corrupt, "what can be read is not whole: " +
                                                report.problems.front() + ": restore a backup");
}

// The head that the copy ought to have, its root unknown: what the page says was durable and is
// gone may have been acted on. Nothing: there is no page.
std::optional<store::Head> head_before(const store::Salvaged& salvaged) {
  if (salvaged.durable == 0) return std::nullopt;
  return store::Head{salvaged.head.log_id, salvaged.durable, {}, 0};
}

bool lost_nothing(const store::Salvaged& salvaged) {
  return salvaged.durable != 0 && salvaged.durable <= salvaged.head.size;
}

// Nothing can say what a torn log holds but a copy of it, which does not stay.
int try_repair(const std::string& dir, const CareOptions& options, const Output& output) {
  const store::Salvaged salvaged = salvage(dir, options, output);
  std::vector<std::string> waiting;
  try {
    const auto copy = store::open_rocks_reader(options.into);
    if (!lost_nothing(salvaged)) waiting = engine::acceptable(*copy, head_before(salvaged));
  } catch (...) {
    std::filesystem::remove_all(options.into);
    throw;
  }
  std::filesystem::remove_all(options.into);
  output.streams.out << "would salvage " << salvaged.head.size << " records\n";
  if (salvaged.durable > salvaged.head.size) {
    output.streams.out << "of " << salvaged.durable << " that were durable\n";
  }
  for (const std::string& run : waiting) {
    output.streams.out << "would await its release: " << run << "\n";
  }
  return Exit::well;
}

// A loss has to be accepted.
int repair(const std::string& dir, const CareOptions& options, const Output& output) {
  if (options.dry_run) return try_repair(dir, options, output);
  const store::Salvaged salvaged = salvage(dir, options, output);
  const std::uint64_t size = salvaged.head.size;
  output.streams.out << "salvaged " << size << " records into " << options.into << ", " << dir
                     << " is as it was: keep it as evidence\n";
  if (salvaged.durable == 0) {
    output.streams.out << "it has no breadcrumb page: how many were durable is not known\n";
  }
  if (lost_nothing(salvaged)) return Exit::well;
  auto log = store::open_rocks_log(options.into);
  const auto waiting = engine::accept_log(*log, head_before(salvaged), by(options), now());
  close(std::move(log), options.into);
  output.streams.out << "what was recorded after record " << size - 1 << " is lost\n";
  print_waiting(waiting, output);
  return Exit::well;
}

// Through the daemon that has the log, if one has.
int release(const std::string& dir, const CareOptions& options, const Output& output) {
  std::unique_ptr<store::Log> log;
  try {
    log = open_to_write(dir);
  } catch (const store::Error& error) {
    if (error.fault() != store::Fault::locked || !read_api_file(dir)) throw;
  }
  if (!log) {
    return release_through(Daemon({dir, "", "", ""}), options.run_id, options.reason, output);
  }
  as_ordered<NotFound>(
      [&] { return engine::release_run(*log, options.run_id, by(options), now()); });
  close(std::move(log), dir);
  output.streams.out << "run " << options.run_id << " goes on when the daemon starts\n";
  return Exit::well;
}

store::Rebuilt rebuilt_as(const std::string& dir, bool write, const Streams& streams) {
  ProgressLine hashed(streams, "rebuild, hashes");
  const store::Derive derive = [&streams](const store::LogReader& log) {
    ProgressLine derived(streams, "rebuild, projections");
    return engine::rebuild_projections(log, derived.reporter());
  };
  return store::rebuild_rocks_log(dir, derive, write, hashed.reporter());
}

int rebuild(const std::string& dir, const CareOptions& options, const Output& output) {
  const store::Rebuilt rebuilt = rebuilt_as(dir, !options.dry_run, output.streams);
  output.streams.out << (options.dry_run ? "would make " : "made ") << rebuilt.projections
                     << " projections and " << rebuilt.hashes
                     << " subtree hashes anew from the records; all others are right\n";
  return Exit::well;
}

// How many records these runs have; with `to` they are pruned from it.
std::uint64_t prune_from(const store::LogReader& from, store::Log* to,
                         const std::vector<engine::RunSummary>& runs, const CareOptions& options,
                         const Streams& streams) {
  ProgressLine line(streams, "prune", "runs");
  std::uint64_t records = 0, done = 0;
  for (const engine::RunSummary& run : runs) {
    records += engine::turns_of(from, run);
    if (to != nullptr) to->submit(engine::pruning_of(from, run, by(options), now()));
    line.at(++done, runs.size());
  }
  return records;
}

// Says what it prunes only once that is durable.
int prune(const std::string& dir, const CareOptions& options, const Output& output) {
  engine::PrunePolicy policy{options.ended_before, {}};
  if (!options.outcome.empty()) policy.outcome = outcomes.at(options.outcome);
  std::unique_ptr<store::Log> to;
  std::unique_ptr<const store::LogReader> reader;
  if (options.dry_run) {
    reader = store::open_rocks_reader(dir);
  } else {
    to = open_to_write(dir);
  }
  const store::LogReader& from = options.dry_run ? *reader : *to;
  const auto runs = engine::prunable(from, policy);
  const std::uint64_t records = prune_from(from, to.get(), runs, options, output.streams);
  if (to) close(std::move(to), dir);
  const char* pruned = options.dry_run ? "would be pruned" : "pruned";
  for (const auto& run : runs) output.streams.out << pruned << ": " << run.run_id << "\n";
  output.streams.out << runs.size() << " runs with " << records << " records " << pruned
                     << "; their leaf hashes and summaries stay\n";
  return Exit::well;
}

std::string fits(const std::string& text) {
  if (!engine::is_utf8(text)) return "what is recorded must be UTF-8";
  return text.empty() || text.size() > 4096 ? "1 to 4096 bytes are recorded" : "";
}

using CareCommand = int (*)(const std::string& dir, const CareOptions& options,
                            const Output& output);

// One command that somebody answers for, by name and reason.
CLI::App* add(CLI::App& app, Action& chosen, const std::shared_ptr<CareOptions>& options,
              CareCommand command, const char* name, const char* what) {
  CLI::App* added = app.add_subcommand(name, what);
  added->callback([&chosen, options, command] {
    chosen = [options, command](const std::string& dir, const Output& output) {
      return command(dir, *options, output);
    };
  });
  added->footer(
      "Exit codes: 0 done, 1 wrong usage or refused, 2 no such log or run, 3 damage found,\n"
      "5 the log is open in another process, or cannot be read or written.");
  if (command == rebuild) return added;
  added->add_option("--reason", options->reason, "Why: it is recorded")
      ->type_name("TEXT")
      ->required()
      ->check(fits);
  const char* user = std::getenv("USER");
  options->principal = user != nullptr && *user != '\0' ? user : "unknown";
  added->add_option("--by", options->principal, "Who: it is recorded; default: $USER")
      ->type_name("NAME")
      ->check(fits);
  return added;
}

void add_dry_run(CLI::App& command, CareOptions& options) {
  command.add_flag("--dry-run", options.dry_run, "Only say what would be done; change nothing");
}

void add_anchor(CLI::App& command, const char* name, CareOptions& options) {
  command.add_option(name, options.anchor_file, "The checkpoint kept outside the log")
      ->type_name("ANCHOR")
      ->check(CLI::ExistingFile)
      ->required();
}

void add_prune(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<CareOptions>();
  CLI::App* command = add(app, chosen, options, prune, "prune",
                          "Remove the records of ended runs; every proof stays valid");
  command
      ->add_option_function<std::string>(
          "--completed-before",
          [options](const std::string& text) { options->ended_before = time_in(text); },
          "Those that ended before this date, UTC: 2026-11-25 or 2026-11-25T12:30:00Z")
      ->type_name("DATE")
      ->required();
  add_dry_run(*command, *options);
  std::set<std::string> names;
  for (const auto& [name, state] : outcomes) names.insert(name);
  command->add_option("--outcome", options->outcome, "Only those that ended so")
      ->check(CLI::IsMember(names));
}

}  // namespace

void add_care(CLI::App& app, Action& chosen) {
  const auto of_repair = std::make_shared<CareOptions>();
  CLI::App* command =
      add(app, chosen, of_repair, repair, "repair",
          "Copy what can be read of a log that does not open, if it extends an anchor");
  add_anchor(*command, "--to-anchor", *of_repair);
  command->add_option("--into", of_repair->into, "The folder to make; the log's own is not changed")
      ->type_name("DIR")
      ->required();
  add_dry_run(*command, *of_repair);
  const auto of_restore = std::make_shared<CareOptions>();
  command = add(app, chosen, of_restore, restore, "restore",
                "Accept a log that is older than its anchor: a backup");
  add_anchor(*command, "--anchor", *of_restore);
  command->add_flag("--accept-loss", of_restore->accept_loss, "What came after is lost")
      ->required();
  add_dry_run(*command, *of_restore);
  const auto of_adopt = std::make_shared<CareOptions>();
  command = add(app, chosen, of_adopt, adopt, "adopt", "Accept a log whose anchor is missing");
  add_dry_run(*command, *of_adopt);
  const auto of_release = std::make_shared<CareOptions>();
  command = add(app, chosen, of_release, release, "release",
                "Let a run go on that waits since restore, adopt or repair");
  command->add_option("RUN", of_release->run_id, "Its whole id")->required();
  const auto of_rebuild = std::make_shared<CareOptions>();
  command = add(app, chosen, of_rebuild, rebuild, "rebuild",
                "Make what is derived from the records anew: projections, subtree hashes");
  add_dry_run(*command, *of_rebuild);
  add_prune(app, chosen);
}

}  // namespace ratchet::ratchetctl
