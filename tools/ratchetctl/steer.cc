#include "tools/ratchetctl/steer.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <ostream>
#include <utility>

#include <CLI/CLI.hpp>

#include "engine/core/approval.h"
#include "store/base64.h"
#include "store/note.h"
#include "tools/ratchetctl/numbers.h"
#include "tools/ratchetctl/publish.h"
#include "tools/ratchetctl/source.h"

namespace ratchet::ratchetctl {

namespace {

struct SteerOptions {
  DaemonOptions daemon;
  std::string run;
  std::string reason;
  std::string gate;
  std::string hash;
  std::string to_sign_file;
  std::string signature_file;
  std::string key_file;
  std::string signer;
  std::string signal;
  std::string value_file;
  std::uint32_t step = 0;
  std::uint32_t kept = 0;
  std::string result;
  std::string code;
  std::string message;
};

std::string text(const Document& object, const char* field) {
  return object.at(field).get<std::string>();
}

// The id of the run that is meant: its whole id, or enough of its beginning.
std::string run_meant(const Daemon& daemon, const std::string& prefix) {
  const Document found = daemon.get("/v1/runs?limit=6&prefix=" + encoded(prefix)).at("runs");
  std::string ids;
  for (const Document& run : found) {
    const std::string id = text(run, "run");
    if (id == prefix) return id;
    ids += (ids.empty() ? "" : ", ") + id;
  }
  if (found.size() == 1) return ids;
  if (found.empty()) throw NotFound("the daemon knows no run '" + prefix + "'");
  try {  // an old run may have it as its whole id
    return text(daemon.get("/v1/runs/" + encoded(prefix)), "run");
  } catch (const NotFound&) {
    throw NotFound("'" + prefix + "' begins the ids of several runs (" + ids +
                   "): give more of it");
  }
}

int report(const Document& answer, const Output& output) {
  if (output.format == Format::json) write_json(output.streams.out, answer);
  if (output.format == Format::yaml) write_yaml(output.streams.out, answer);
  if (output.format == Format::table) {
    output.streams.out << "recorded: " << text(answer, "act") << " of run "
                       << one_line(text(answer, "run")) << " by " << one_line(text(answer, "by"))
                       << ": " << one_line(text(answer, "reason")) << "\nthe run is "
                       << text(answer, "state") << "\n";
    if (answer.contains("next_run")) {
      output.streams.out << "run " << one_line(text(answer, "next_run")) << " goes on\n";
    }
  }
  return Exit::well;
}

std::string path_of(const std::string& run, const std::string& act) {
  return "/v1/runs/" + encoded(run) + "/" + act;
}

// The open gate that is meant.
Document gate_meant(const Document& run, const SteerOptions& options) {
  std::string names;
  std::vector<Document> meant;
  for (const Document& gate : run.at("gates")) {
    const std::string name = gate.at("gate");
    names += (names.empty() ? "" : ", ") + name;
    if (options.gate.empty() || options.gate == name) meant.push_back(gate);
  }
  const std::string id = run.at("run");
  if (names.empty()) throw Refused("run " + id + " does not wait at a gate");
  if (meant.empty()) throw Refused("run " + id + " waits at " + names + ", not at " + options.gate);
  if (meant.size() > 1) throw WrongInput("run " + id + " waits at " + names + ": say --gate NAME");
  return meant.front();
}

void print_gate(const Document& gate, std::ostream& out) {
  out << "gate " << one_line(text(gate, "gate")) << " asks about this payload:\n"
      << gate.at("payload").dump(2, ' ', false, Document::error_handler_t::replace)
      << "\nits SHA-256: " << text(gate, "payload_hash") << "\n";
}

// Writes what an approver signs, and says how; nothing is decided.
int write_to_sign(const engine::Approval& approval, const std::string& file,
                  const Streams& streams) {
  write_file(file, engine::text_to_sign(approval));
  streams.err << "ratchetctl: nothing is decided yet; if that is what you mean, sign it and say so"
              << "\n  openssl pkeyutl -sign -rawin -inkey KEY.pem -in " << file << " -out " << file
              << ".sig\n  ratchetctl approve " << approval.run_id << " --gate " << approval.gate
              << " --hash " << approval.payload_sha256 << " --signature " << file
              << ".sig --signer NAME --reason …\n";
  return Exit::usage;
}

// The signature of the user that goes with an approval; nothing: none does.
std::optional<std::string> signature_for(const engine::Approval& approval,
                                         const SteerOptions& options) {
  if (!options.signature_file.empty()) return content_of(options.signature_file);
  if (options.key_file.empty() && options.signer.empty()) return std::nullopt;
  if (options.key_file.empty()) throw WrongInput("--signer needs --signature or --sign-with");
  const std::string content = content_of(options.key_file);
  try {
    const auto key = store::NoteSigner::parse(content, options.signer);
    return key.sign(engine::text_to_sign(approval)).bytes;
  } catch (const store::Error& error) {
    throw WrongInput(options.key_file + " " + error.what());
  }
}

// An answer counts for what its user has seen: the hash of that must be said.
int decide(const Daemon& daemon, const char* act, const SteerOptions& options,
           const Output& output) {
  const std::string run = run_meant(daemon, options.run);
  const Document gate = gate_meant(daemon.get("/v1/runs/" + encoded(run)), options);
  const bool table = output.format == Format::table;
  const std::string shown = text(gate, "payload_hash");
  if (options.hash.empty()) {
    print_gate(gate, output.streams.out);
    if (!options.to_sign_file.empty()) {
      return write_to_sign({run, text(gate, "gate"), shown}, options.to_sign_file, output.streams);
    }
    output.streams.err << "ratchetctl: nothing is decided yet; if that is what you mean, say\n  "
                       << "ratchetctl " << act << " " << run << " --gate " << text(gate, "gate")
                       << " --hash " << shown << " --reason …\n";
    return Exit::usage;
  }
  if (table) print_gate(gate, output.streams.out);
  Document body{
      {"reason", options.reason}, {"gate", gate.at("gate")}, {"payload_hash", options.hash}};
  if (const auto signature = signature_for({run, text(gate, "gate"), options.hash}, options)) {
    body["signer"] = options.signer;
    body["signature_base64"] = store::to_base64(*signature);
  }
  return report(daemon.post(path_of(run, act), body), output);
}

// What an act says besides the reason.
using Body = Document (*)(const SteerOptions& options);

Document nothing(const SteerOptions&) { return Document::object(); }
Document signal_body(const SteerOptions& options) {
  const std::string value = options.value_file.empty() ? "" : content_of(options.value_file);
  return {{"signal", options.signal}, {"value_base64", store::to_base64(value)}};
}
Document reset_body(const SteerOptions& options) { return {{"kept", options.kept}}; }
Document step_body(const SteerOptions& options) { return {{"step", options.step}}; }
Document skip_body(const SteerOptions& options) {
  Document result = Document::parse(options.result, nullptr, false);
  if (result.is_discarded()) throw WrongInput("--result is no JSON");
  return {{"step", options.step}, {"result", std::move(result)}};
}
Document fail_body(const SteerOptions& options) {
  return {{"step", options.step}, {"code", options.code}, {"message", options.message}};
}

int act_on(const Daemon& daemon, const std::string& run, const char* act, Document body,
           const std::string& reason, const Output& output) {
  body["reason"] = reason;
  return report(daemon.post(path_of(run, act), body), output);
}

CLI::App* add(CLI::App& app, Action& chosen, FileAction& chosen_for_file, const char* act,
              const std::shared_ptr<SteerOptions>& options, Body body) {
  CLI::App* command = app.add_subcommand(act);
  command->add_option("RUN", options->run, "Id of the run, or enough of its beginning")->required();
  command->add_option("--reason", options->reason, "Why: it is recorded")
      ->type_name("TEXT")
      ->required()
      ->check([](const std::string& text) {
        return text.empty() || text.size() > 4096 ? "1 to 4096 bytes are recorded" : "";
      });
  DaemonOptions& daemon = options->daemon;
  command->add_option("--server", daemon.server, "The daemon's URL; none: the one on --log")
      ->type_name("URL");
  command->add_option("--token-file", daemon.token_file, "With the bearer token for --server")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->needs("--server");
  command->add_option("--ca", daemon.ca_file, "Authority of its certificate; none: the system's")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->needs("--server");
  command->footer(
      "Exit codes: 0 recorded, 1 wrong usage, or nothing decided yet, 2 no such run, 5 nobody "
      "knows\n"
      "what became of it, 8 the daemon refuses, 9 no daemon answers, 10 you may not.");
  const auto perform = [options, act, body](const Output& output) {
    const Daemon to(options->daemon);
    if (body == nullptr) return decide(to, act, *options, output);
    const Document said = body(*options);
    return act_on(to, run_meant(to, options->run), act, said, options->reason, output);
  };
  command->callback([&chosen, &chosen_for_file, options, perform] {
    chosen = [options, perform](const std::string& dir, const Output& output) {
      options->daemon.log = dir;
      return perform(output);
    };
    if (!options->daemon.server.empty()) chosen_for_file = perform;
  });
  return command;
}

void add_step(CLI::App& command, SteerOptions& options) {
  command.add_option("STEP", options.step, "Number of the step, as `show` has it")
      ->required()
      ->check(wrong_count);
}

// Returns the option that makes it an answer.
CLI::Option* add_gate(CLI::App& command, SteerOptions& options) {
  command.add_option("--gate", options.gate, "Which gate, if the run waits at several")
      ->type_name("NAME");
  return command
      .add_option("--hash", options.hash,
                  "SHA-256 of the payload that you have seen; without it the payload is shown, "
                  "and nothing is decided")
      ->type_name("HEX");
}

void add_signature(CLI::App& command, CLI::Option* hash, SteerOptions& options) {
  command
      .add_option("--to-sign", options.to_sign_file,
                  "Write what an approver signs to this file; nothing is decided")
      ->type_name("FILE")
      ->excludes(hash);
  auto* signer = command.add_option("--signer", options.signer, "Whose signature it is")
                     ->type_name("NAME")
                     ->needs(hash);
  auto* file = command
                   .add_option("--signature", options.signature_file,
                               "The detached Ed25519 signature of what --to-sign wrote")
                   ->type_name("FILE")
                   ->check(CLI::ExistingFile)
                   ->needs(signer);
  command
      .add_option("--sign-with", options.key_file,
                  "Instead: sign with this private Ed25519 key (PEM) here and now")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->needs(signer)
      ->excludes(file);
}

}  // namespace

void add_steering(CLI::App& app, Action& chosen, FileAction& chosen_for_file) {
  std::shared_ptr<SteerOptions> options;
  const auto next = [&](const char* act, const char* about, Body body) -> CLI::App& {
    options = std::make_shared<SteerOptions>();
    return *add(app, chosen, chosen_for_file, act, options, body)->description(about);
  };
  CLI::App& approve = next("approve", "Approve what a run asks at a gate", nullptr);
  add_signature(approve, add_gate(approve, *options), *options);
  add_gate(next("deny", "Deny what a run asks at a gate", nullptr), *options);
  CLI::App& signal = next("signal", "Send a run a signal", signal_body);
  signal.add_option("NAME", options->signal, "Of the signal")->required();
  signal
      .add_option("--value-file", options->value_file,
                  "Its value: a serialised protobuf message of the type that the workflow awaits")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  next("pause", "Hold what comes to a run; no code of it is executed until resume", nothing);
  next("resume", "Let a paused run go on", nothing);
  next("cancel", "Ask a run to end: what it has done is undone by its own steps", nothing);
  next("terminate", "End a run at once: nothing is undone", nothing);
  add_step(next("retry", "Try a stuck step again at once", step_body), *options);
  CLI::App& skip = next("skip", "Give a stuck step the result that you vouch for", skip_body);
  add_step(skip, *options);
  skip.add_option("--result", options->result, "Of the step's output type, as JSON")
      ->type_name("JSON")
      ->default_val("{}");
  CLI::App& fail = next("fail", "Have a stuck step fail for good", fail_body);
  add_step(fail, *options);
  fail.add_option("--code", options->code, "The failure's code")->default_val("failed_by_a_person");
  fail.add_option("--message", options->message, "What went wrong")->type_name("TEXT");
  next("reset", "Have a run, open or ended, go on from an earlier turn as another run", reset_body)
      .add_option("--keep", options->kept, "How many of its turns, as `history` counts them: 1 …")
      ->type_name("TURNS")
      ->required()
      ->check(wrong_count);
  next("note", "Put a remark on a run's record: the reason", nothing);
}

int release_through(const Daemon& daemon, const std::string& run_id, const std::string& reason,
                    const Output& output) {
  return act_on(daemon, run_id, "release", Document::object(), reason, output);
}

}  // namespace ratchet::ratchetctl
