// Answers that no server of the images gives, and what the checks of the pre-flight find in them.
#pragma once

#include <vector>

#include "workflows/mysql/preflight.h"

namespace ratchet::mysql::testing {

struct Recorded {
  const char* from;
  const char* to;
  const char* check;
  SqlTable rows;
  const char* finding;  // in part; empty: none
};

std::vector<Recorded> recorded_rows();

}  // namespace ratchet::mysql::testing
