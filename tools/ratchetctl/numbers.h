// What is wrong with a number on the command line, for CLI::Option::check; empty: nothing. CLI11's
// own checks tell their bound in 309 digits, and take "nan" for a positive number.
#pragma once

#include <string>

namespace ratchet::ratchetctl {

// Of things, and of steps: a whole number from 1 to 4294967295.
std::string wrong_count(const std::string& text);

// As above, or 0.
std::string wrong_skip(const std::string& text);

// Of waiting: more than 0, at most a year.
std::string wrong_seconds(const std::string& text);

}  // namespace ratchet::ratchetctl
