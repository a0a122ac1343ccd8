#include "tools/ratchetctl/ctl.h"

#include <algorithm>
#include <map>
#include <ostream>

#include <CLI/CLI.hpp>

#include "store/rocks_log.h"
#include "tools/ratchetctl/backup.h"
#include "tools/ratchetctl/care.h"
#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/completion.h"
#include "tools/ratchetctl/diff.h"
#include "tools/ratchetctl/evidence.h"
#include "tools/ratchetctl/export.h"
#include "tools/ratchetctl/help.h"
#include "tools/ratchetctl/numbers.h"
#include "tools/ratchetctl/plan.h"
#include "tools/ratchetctl/public_format.h"
#include "tools/ratchetctl/report.h"
#include "tools/ratchetctl/runs.h"
#include "tools/ratchetctl/show.h"
#include "tools/ratchetctl/steer.h"
#include "tools/ratchetctl/witness.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

constexpr const char* description =
    "Reads the log of a ratchetd: while it runs, on a copy, or long after; and steers its runs "
    "through the daemon. Only the commands that take care of a stopped daemon's log change it "
    "themselves: repair, restore, adopt, release, rebuild, prune.";
constexpr const char* examples = R"(
Examples:
  ratchetctl --log /var/lib/ratchet runs        what is running, and what it waits for
  ratchetctl runs --state failed --since 2026-11-01 --database shop/orders
  ratchetctl explain 5f3c                       why does it wait, and what can be done?
  ratchetctl history --last                     what happened in the newest run
  ratchetctl history 5f3c --follow              the run whose id starts with 5f3c, as it goes on
  ratchetctl -o json history --last             the same for programs, payloads included
  ratchetctl verify --anchor checkpoint.txt     is the record whole, and the one anchored there?
  ratchetctl replay --all                       does this build decide as was recorded?
  ratchetctl replay 5f3c --until 12             what was it, and what did it wait for, then?
  ratchetctl report --last --to run.html        a page to read, to print and to file
  ratchetctl evidence --last --to run.json      what an auditor elsewhere can check
  ratchetctl export --jsonl > events.jsonl      every event, a line each
  ratchetctl plan --database demo/db --target 11.8.6    what would it do? Nothing is written
  ratchetctl approve 5f3c --reason "night of 3/11"    shows what is asked, and how to say yes

Exit codes: 0 well, 1 wrong usage, 2 no such log or run, 3 damage found, 4 replay diverged,
5 cannot be read, 6 --timeout passed, 7 evidence without an anchor, 8 refused, by the daemon or
before an upgrade, 9 no daemon answers, or no cluster, 10 not allowed, 130 stopped by a signal.
)";

struct Arguments {
  std::string log;
  Format format = Format::table;
  bool wide = false;
  HistoryOptions history;
  TravelOptions travel;
  bool travels() const { return travel.step || travel.until; }
  bool follow = false;
  bool all = false;  // said of replay, which is so without a run
  double timeout_seconds = 0;
  std::string anchor_file;
  std::string anchor_key;
  std::optional<store::Head> anchor;
  std::string approvers_folder;
  std::optional<engine::Approvers> approvers;
};

// Throws CLI::ValidationError: what is wrong is the command line, not the log.
store::Head anchor_in(const std::string& file, const std::string& key) {
  try {
    return checkpoint_in(file, key);
  } catch (const WrongInput& error) {
    throw CLI::ValidationError("--anchor", error.what());
  }
}

CLI::App* add_history(CLI::App& app, Arguments& arguments) {
  CLI::App* history = app.add_subcommand("history", "The events of a run");
  auto* run = history->add_option("RUN", arguments.history.run.prefix,
                                  "Id of the run, or enough of its beginning");
  auto* last = history->add_flag("--last", arguments.history.run.last, "The newest run");
  run->excludes(last);
  auto* follow = history->add_flag("-f,--follow", arguments.follow,
                                   "Go on with what is recorded from now on, until the run ends; "
                                   "waits for a run that does not exist yet");
  history->add_option("--timeout", arguments.timeout_seconds, "Give up following after this time")
      ->type_name("SECONDS")
      ->check(wrong_seconds)
      ->needs(follow);
  history->add_flag("--hints", arguments.history.hints,
                    "Fold nothing: show timers, failed attempts and probes in the table too");
  history->callback([&arguments] {
    if (arguments.history.run.prefix.empty() && !arguments.history.run.last) {
      throw CLI::ValidationError("history", "name a run, or say --last");
    }
    if (arguments.timeout_seconds > 0) {
      arguments.history.timeout =
          std::chrono::milliseconds(static_cast<std::int64_t>(arguments.timeout_seconds * 1000));
    }
  });
  return history;
}

CLI::App* add_replay(CLI::App& app, Arguments& arguments) {
  CLI::App* replay = app.add_subcommand(
      "replay", "Re-perform the decisions of runs with the workflows of this build");
  auto* run = replay->add_option("RUN", arguments.history.run.prefix,
                                 "Id of the run, or enough of its beginning; none: all runs");
  auto* last = replay->add_flag("--last", arguments.history.run.last, "The newest run");
  last->excludes(run);
  replay->add_flag("--all", arguments.all, "All runs, as without RUN")
      ->excludes(run)
      ->excludes(last);
  TravelOptions& travel = arguments.travel;
  replay
      ->add_option("--until", travel.until,
                   "Go as far as this turn (`history` shows them), and show the run as it was: "
                   "its state, what it waited for, what its workflow showed")
      ->type_name("TURN");
  replay->add_flag("--step", travel.step, "Show it so after every turn on the way");
  replay->callback([&arguments] {
    arguments.travel.run = arguments.history.run;
    const RunName& named = arguments.travel.run;
    if (arguments.travels() && named.prefix.empty() && !named.last) {
      throw CLI::ValidationError("replay",
                                 "--until and --step go through one run: name it, or say "
                                 "--last");
    }
  });
  return replay;
}

CLI::App* add_verify(CLI::App& app, Arguments& arguments) {
  CLI::App* verify = app.add_subcommand(
      "verify", "Check every record, the tree over them and what was derived from them");
  verify
      ->add_option("--anchor", arguments.anchor_file,
                   "A checkpoint kept outside the log, which the log must extend")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  verify
      ->add_option("--signed-by", arguments.anchor_key,
                   "The public key that must have signed it, as `checkpoint --key` shows it")
      ->type_name("KEY")
      ->needs("--anchor");
  verify
      ->add_option("--approvers", arguments.approvers_folder,
                   "Check the signatures of approvals by the public keys in this folder, NAME.pem")
      ->type_name("DIR");
  verify->callback([&arguments] {
    if (!arguments.anchor_file.empty()) {
      arguments.anchor = anchor_in(arguments.anchor_file, arguments.anchor_key);
    }
    if (!arguments.approvers_folder.empty()) {
      arguments.approvers = approvers_named(arguments.approvers_folder);
    }
  });
  return verify;
}

void add_globals(CLI::App& app, Arguments& arguments) {
  app.description(description);
  app.footer(examples);
  app.fallthrough();
  app.require_subcommand(1);
  app.add_option("--log", arguments.log, "Folder of the log")
      ->type_name("DIR")
      ->envname("RATCHET_LOG");
  const std::map<std::string, Format> formats{
      {"table", Format::table}, {"json", Format::json}, {"yaml", Format::yaml}};
  app.add_option_function<std::string>(
         "-o,--output",
         [&arguments, formats](const std::string& name) {
           arguments.format = formats.at(name == "wide" ? "table" : name);
           arguments.wide = name == "wide";
         },
         "table, wide (a table with all that there is), json or yaml")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml"}).description(""));
}

int exit_of(store::Fault fault) {
  switch (fault) {
    case store::Fault::not_a_log:
      return Exit::not_found;
    case store::Fault::corrupt:
      return Exit::damaged;
    case store::Fault::locked:
    case store::Fault::io:
    case store::Fault::halted:
    case store::Fault::unsupported:
      break;
  }
  return Exit::failed;
}

// Parses and dispatches; failures are thrown.
class Program {
 public:
  Program(const engine::Registry& workflows, Streams& streams, const Rehearse& rehearse)
      : workflows_(workflows), streams_(streams) {
    add_globals(app_, arguments_);
    add_runs(app_, chosen_);
    history_ = add_history(app_, arguments_);
    verify_ = add_verify(app_, arguments_);
    replay_ = add_replay(app_, arguments_);
    add_show(app_, chosen_, workflows_);
    add_plan(app_, chosen_, chosen_for_file_, rehearse);
    add_report(app_, chosen_);
    add_diff(app_, chosen_);
    add_evidence(app_, chosen_, chosen_for_file_, workflows_);
    add_public_format(app_, chosen_);
    add_export(app_, chosen_);
    add_witness(app_, chosen_);
    add_backup(app_, chosen_);
    add_care(app_, chosen_);
    add_steering(app_, chosen_, chosen_for_file_);
    add_completion(app_, chosen_for_file_);
    add_help(app_, chosen_for_file_);
    version_ = app_.add_subcommand("version", "The version of this program");
  }

  int run(std::vector<std::string> arguments) {
    std::ranges::reverse(arguments);  // as CLI11 takes them
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      return app_.exit(error, streams_.out, streams_.err) == 0 ? Exit::well : Exit::usage;
    }
    return dispatch();
  }

 private:
  int dispatch() {
    if (version_->parsed()) {
      streams_.out << "ratchetctl " << RATCHET_VERSION << "\n";
      return Exit::well;
    }
    const Output output{streams_, arguments_.format, arguments_.wide};
    if (chosen_for_file_) return chosen_for_file_(output);
    if (arguments_.log.empty()) {
      streams_.err << "ratchetctl: which log? Give its folder by --log DIR or RATCHET_LOG\n";
      return Exit::usage;
    }
    if (chosen_) return chosen_(arguments_.log, output);
    if (history_->parsed() && arguments_.follow) {
      return follow_history(arguments_.log, arguments_.history, output);
    }
    const auto log = store::open_rocks_reader(arguments_.log);
    if (history_->parsed()) return print_history(*log, arguments_.history, output);
    if (verify_->parsed()) {
      const auto& approvers = arguments_.approvers;
      return print_verify(*log, arguments_.anchor, approvers ? &*approvers : nullptr, output);
    }
    if (arguments_.travels()) return print_travel(*log, workflows_, arguments_.travel, output);
    const RunName& run = arguments_.history.run;
    const bool all = run.prefix.empty() && !run.last;
    return print_replay(*log, workflows_, all ? std::nullopt : std::optional(run), output);
  }

  const engine::Registry& workflows_;
  Streams& streams_;
  Arguments arguments_;
  Action chosen_;  // by the commands that bring their own
  FileAction chosen_for_file_;
  CLI::App app_{"", "ratchetctl"};
  CLI::App* history_ = nullptr;
  CLI::App* verify_ = nullptr;
  CLI::App* replay_ = nullptr;
  CLI::App* version_ = nullptr;
};

int exit_of(const std::exception& error) {
  if (const auto* of_store = dynamic_cast<const store::Error*>(&error)) {
    return exit_of(of_store->fault());
  }
  if (dynamic_cast<const NotFound*>(&error) != nullptr) return Exit::not_found;
  if (dynamic_cast<const WrongInput*>(&error) != nullptr) return Exit::usage;
  if (dynamic_cast<const Refused*>(&error) != nullptr) return Exit::refused;
  if (dynamic_cast<const NoDaemon*>(&error) != nullptr) return Exit::no_daemon;
  if (dynamic_cast<const NotAllowed*>(&error) != nullptr) return Exit::not_allowed;
  return Exit::failed;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const engine::Registry& workflows,
        Streams streams, const Rehearse& rehearse) {
  try {
    return Program(workflows, streams, rehearse).run(arguments);
  } catch (const std::exception& error) {
    streams.err << "ratchetctl: " << one_line(error.what()) << "\n";
    return exit_of(error);
  }
}

}  // namespace ratchet::ratchetctl
