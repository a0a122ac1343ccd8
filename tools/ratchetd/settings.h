// What the command line leaves open, from the environment and from a file.
#pragma once

#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ratchet::ratchetd {

// The environment variable of an option: RATCHETD_API_PORT of --api-port, or the one that the
// option names itself.
std::string variable_of(const CLI::Option& option);

// Gives each option of a parsed app that the command line did not give its value from its variable,
// else from the file, if one is named: `name = value` on a line, the option's name without dashes,
// a repeatable option once a value; lines that are empty or begin with # say nothing. In a variable
// commas part the values of a repeatable option.
// Throws CLI::ValidationError that names the variable, or the file and the line: for a value that
// the option refuses, an option that there is not, one that is said twice, a line that says nothing
// of the kind; and if the file cannot be read.
void take_settings(CLI::App& app, const std::string& file);

}  // namespace ratchet::ratchetd
