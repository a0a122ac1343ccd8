#include "tools/ratchetctl/completion.h"

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace ratchet::ratchetctl {

namespace {

struct Option {
  std::vector<std::string> names;  // "--state", "-f"
  std::string about;
  std::string value;  // "FILE", "STATE,…"; empty: a flag
};
// A command, by the words that lead to it.
struct Command {
  std::string path;  // "", "evidence check"
  std::string about;
  std::vector<Option> options;
  std::vector<std::string> commands;  // below it
  bool names_run = false;             // it takes the id of a run
};

Option option_of(const CLI::Option& of) {
  Option option;
  for (const std::string& name : of.get_lnames()) option.names.push_back("--" + name);
  for (const std::string& name : of.get_snames()) option.names.push_back("-" + name);
  option.about = of.get_description();
  if (of.get_items_expected_max() > 0) option.value = of.get_type_name();
  return option;
}

void collect(const CLI::App& app, const std::string& path, std::vector<Command>& commands) {
  Command command{path, app.get_description(), {}, {}, false};
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional()) command.options.push_back(option_of(*option));
    const std::string place_of = option->get_name(true);
    command.names_run = command.names_run || place_of == "RUN" || place_of == "OTHER";
  }
  const std::size_t place = commands.size();
  commands.push_back(std::move(command));
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands[place].commands.push_back(below->get_name());
    collect(*below, (path.empty() ? "" : path + " ") + below->get_name(), commands);
  }
}

// All of them, the program itself first. Its options are every command's too.
std::vector<Command> commands_of(const CLI::App& app) {
  std::vector<Command> commands;
  collect(app, "", commands);
  for (std::size_t i = 1; i < commands.size(); ++i) {
    for (const Option& global : commands.front().options) {
      const bool own = std::ranges::any_of(
          commands[i].options, [&](const Option& option) { return option.names == global.names; });
      if (!own) commands[i].options.push_back(global);
    }
  }
  return commands;
}

// For a shell, in single quotes.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out + "'";
}

std::string words_of(const Command& command) {
  std::string words;
  for (const std::string& below : command.commands) words += below + " ";
  for (const Option& option : command.options) {
    for (const std::string& name : option.names) words += name + " ";
  }
  if (!words.empty()) words.pop_back();
  return words;
}

std::string alternatives(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "|") + quoted(name);
  return text;
}

enum class Kind { file, folder, run, other };
Kind kind_of(const Option& option) {
  const std::string value = option.value.substr(0, option.value.find(':'));  // before its checks
  if (value == "DIR") return Kind::folder;
  if (value == "RUN") return Kind::run;
  const bool file = value == "FILE" || value == "CHECKPOINT" || value == "ANCHOR";
  return file ? Kind::file : Kind::other;
}

bool takes_path(const Option& option) {
  return kind_of(option) == Kind::file || kind_of(option) == Kind::folder;
}

// Each option with a value once, by its names: the first command that has it says of what kind.
std::vector<Option> with_values(const std::vector<Command>& commands) {
  std::vector<Option> found;
  for (const Command& command : commands) {
    for (const Option& option : command.options) {
      const bool known = std::ranges::any_of(
          found, [&](const Option& other) { return other.names == option.names; });
      if (!option.value.empty() && !known) found.push_back(option);
    }
  }
  return found;
}

// How bash and zsh do the same things.
struct Shell {
  const char* begin;  // until the words are gone through, `i` the number of each
  const char* word;
  const char* current;  // the number of the one to complete
  const char* files;    // offers them
  const char* folders;
  const char* runs;   // offers the ids of the log's newest runs besides
  const char* offer;  // offers the words between this and that
  const char* offered;
  const char* end;
};

constexpr Shell bash{
    R"(# Completion of ratchetctl for bash; `ratchetctl completion bash` prints it.
_ratchetctl() {
  local at='' i word=${COMP_WORDS[COMP_CWORD]}
  for ((i = 1; i < COMP_CWORD; ++i)); do
)",
    "${COMP_WORDS[i]}",
    "COMP_CWORD",
    R"(compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word"))",
    R"(compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word"))",
    "_ratchetctl_runs",
    "mapfile -t COMPREPLY < <(compgen -W '",
    R"(' -- "$word"))",
    R"(}
# Ids come from outside: they are never expanded.
_ratchetctl_runs() {
  local i id log=()
  case $word in -*) return ;; esac
  for ((i = 1; i < COMP_CWORD - 1; ++i)); do
    [ "${COMP_WORDS[i]}" != --log ] || log=(--log "${COMP_WORDS[i + 1]/#\~/$HOME}")
  done
  while IFS= read -r id; do
    case $id in "$word"*) printf -v id %q "$id" && COMPREPLY+=("$id") ;; esac
  done < <("${COMP_WORDS[0]/#\~/$HOME}" "${log[@]}" runs --ids --newest 100 2> /dev/null)
}
complete -F _ratchetctl ratchetctl kubectl-ratchet
)"};
constexpr Shell zsh{
    R"(#compdef ratchetctl kubectl-ratchet
# Completion of ratchetctl for zsh; `ratchetctl completion zsh` prints it.
_ratchetctl() {
  local at='' i
  for ((i = 2; i < CURRENT; ++i)); do
)",
    "${words[i]}",
    "CURRENT",
    "_files",
    "_files -/",
    "_ratchetctl_runs",
    "compadd -- ",
    "",
    R"zsh(}
_ratchetctl_runs() {
  local i log
  log=()
  [[ ${words[CURRENT]} == -* ]] && return
  for ((i = 2; i < CURRENT - 1; ++i)); do
    [[ ${words[i]} == --log ]] && log=(--log "${words[i + 1]/#\~/$HOME}")
  done
  compadd -- ${(f)"$("${words[1]/#\~/$HOME}" $log runs --ids --newest 100 2> /dev/null)"}
}
if [ "${funcstack[1]}" = _ratchetctl ]; then
  _ratchetctl
else
  compdef _ratchetctl ratchetctl kubectl-ratchet
fi
)zsh"};

// Goes through the words before the one to complete: which command they name, and whether the last
// of them is an option that takes the word as its value.
void print_search(const std::vector<Command>& commands, const std::vector<Option>& valued,
                  const Shell& shell, std::ostream& out) {
  std::vector<std::string> takers;
  for (const Option& option : valued) {
    takers.insert(takers.end(), option.names.begin(), option.names.end());
  }
  out << shell.begin << "    case \"$at " << shell.word << "\" in\n"
      << "      *' --'*|*' -'?)\n        case " << shell.word << " in\n          "
      << alternatives(takers) << ") ((++i)) ;;\n        esac ;;\n";
  for (const Command& command : commands) {
    if (command.path.empty()) continue;
    const std::string path = quoted(" " + command.path);
    out << "      " << path << ") at=" << path << " ;;\n";
  }
  out << "    esac\n  done\n";
}

const char* offer_of(Kind kind, const Shell& shell) {
  if (kind == Kind::run) return shell.runs;
  return kind == Kind::file ? shell.files : shell.folders;
}

void print_like_bash(const std::vector<Command>& commands, const Shell& shell, std::ostream& out) {
  const std::vector<Option> valued = with_values(commands);
  print_search(commands, valued, shell, out);
  out << "  if ((i > " << shell.current << ")); then\n    ((i -= 2))\n    case " << shell.word
      << " in\n";
  for (const Option& option : valued) {
    if (kind_of(option) == Kind::other) continue;
    out << "      " << alternatives(option.names) << ") " << offer_of(kind_of(option), shell)
        << " ;;\n";
  }
  out << "    esac\n    return\n  fi\n  case $at in\n";
  for (const Command& command : commands) {
    const std::string path = command.path.empty() ? "" : " " + command.path;
    out << "    " << quoted(path) << ") " << shell.offer << words_of(command) << shell.offered;
    if (command.names_run) out << "; " << shell.runs;
    out << " ;;\n";
  }
  out << "  esac\n" << shell.end;
}

// The condition under which fish offers what belongs to a command.
std::string condition(const Command& command) {
  if (command.path.empty()) return "__fish_use_subcommand";
  const std::size_t space = command.path.find(' ');
  if (space == std::string::npos) return "__fish_seen_subcommand_from " + command.path;
  return "__fish_seen_subcommand_from " + command.path.substr(0, space) +
         "; and __fish_seen_subcommand_from " + command.path.substr(space + 1);
}

constexpr const char* fish_runs = "'(ratchetctl runs --ids --newest 100 2> /dev/null)'";

void print_fish(const std::vector<Command>& commands, std::ostream& out) {
  out << "# Completion of ratchetctl for fish; `ratchetctl completion fish` prints it.\n";
  for (const Command& command : commands) {
    const std::string when = " -n " + quoted(condition(command));
    for (const std::string& below : command.commands) {
      const std::string path = (command.path.empty() ? "" : command.path + " ") + below;
      const auto found = std::ranges::find(commands, path, &Command::path);
      out << "complete -c ratchetctl" << when << " -f -a " << below << " -d "
          << quoted(found->about) << "\n";
    }
    if (command.names_run) {
      out << "complete -c ratchetctl" << when << " -f -a " << fish_runs << "\n";
    }
    for (const Option& option : command.options) {
      out << "complete -c ratchetctl" << when;
      for (const std::string& name : option.names) {
        out << (name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1));
      }
      if (!option.value.empty()) out << (takes_path(option) ? " -r" : " -x");
      if (kind_of(option) == Kind::run) out << " -a " << fish_runs;
      out << " -d " << quoted(option.about) << "\n";
    }
  }
  out << "complete -c kubectl-ratchet -w ratchetctl\n";
}

}  // namespace

void add_completion(CLI::App& app, FileAction& chosen) {
  CLI::App* command =
      app.add_subcommand("completion", "What a shell needs to complete ratchetctl's command lines");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{"bash", "zsh", "fish"}));
  command->footer(
      "bash: source <(ratchetctl completion bash)\n"
      "zsh:  source <(ratchetctl completion zsh), after compinit\n"
      "fish: ratchetctl completion fish | source");
  command->callback([&app, &chosen, shell] {
    chosen = [&app, shell](const Output& output) {
      const std::vector<Command> commands = commands_of(app);
      std::ostream& out = output.streams.out;
      if (*shell == "bash") print_like_bash(commands, bash, out);
      if (*shell == "zsh") print_like_bash(commands, zsh, out);
      if (*shell == "fish") print_fish(commands, out);
      return Exit::well;
    };
  });
}

}  // namespace ratchet::ratchetctl
