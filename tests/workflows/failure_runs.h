// The runs that docs/FAILURES.md is about: of each section its databases, and what is left of them.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "engine/core/values.h"
#include "tests/workflows/failure_page.h"

namespace ratchet::mysql::testing {

enum class Happens { fails, cancelled, deleted };  // the columns, in order

enum class Wish { upgrade, restart, resize, scale };

// What is left when a run has ended.
struct Left {
  Wish wish = Wish::upgrade;
  bool performed = false;       // the step in question was begun
  std::set<std::string> begun;  // steps
  engine::RunState state = engine::RunState::running;
  std::string message;
  bool touched = false;
  bool paused = false;
  bool gone = false;               // the MySQL
  bool recorded = false;           // what is wished, on the MySQL
  bool set_as_wished = false;      // the StatefulSet, the new one if there are two
  bool set_as_spec = false;        // resources, or number of members
  std::size_t members = 0;         // pods
  std::size_t held = 0;            // with our finalizer
  std::size_t of_target = 0;       // with its image
  std::size_t resized = 0;         // with the new resources
  std::size_t unplaced = 0;        // that no node has room for
  std::size_t marked = 0;          // claims that the target may have opened
  std::size_t replaced = 0;        // pods that are others than at first
  std::size_t paused_backups = 0;  // by us

  bool says(const std::string& words) const { return message.find(words) != std::string::npos; }
};

// On each database of the section on which the step is performed, and on the others without that.
// Fails the test if there is no such section.
std::vector<Left> perform_all(const std::string& section, const Moment& moment, Happens what);

// The activities that the databases have, performed or not.
std::set<std::string> all_activities();

}  // namespace ratchet::mysql::testing
