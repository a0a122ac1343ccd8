#include "tools/ratchetctl/help.h"

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace ratchet::ratchetctl {

namespace {

// As `COMMAND… --help` prints it. App::help() would tell how `help` is used, as that was parsed.
std::string help_of(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* meant = &app;
  std::string name = app.get_name();
  for (const std::string& word : words) {
    const auto below =
        meant->get_subcommands([&word](const CLI::App* each) { return each->get_name() == word; });
    if (below.empty()) {
      throw WrongInput(name.append(" has no command '").append(word).append("'"));
    }
    meant = below.front();
    name.append(" ").append(word);
  }
  return meant->get_formatter()->make_help(meant, name, CLI::AppFormatMode::Normal);
}

}  // namespace

void add_help(CLI::App& app, FileAction& chosen) {
  CLI::App* command = app.add_subcommand("help", "How a command is used: what it says with --help");
  const auto words = std::make_shared<std::vector<std::string>>();
  command->add_option("COMMAND", *words, "Which one, as `evidence check`; none: the program");
  command->callback([&app, &chosen, words] {
    chosen = [&app, words](const Output& output) {
      output.streams.out << help_of(app, *words);
      return Exit::well;
    };
  });
}

}  // namespace ratchet::ratchetctl
