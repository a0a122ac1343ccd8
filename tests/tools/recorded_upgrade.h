// The log of a recorded upgrade, as tests/histories keeps it, and what is printed about it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/memory_log.h"
#include "tools/ratchetctl/commands.h"

namespace ratchet::ratchetctl {

// HISTORY_FILE as a log.
std::shared_ptr<store::MemoryDisk> recorded_upgrade();

struct Printed {
  int code = -1;
  std::string out;
  std::string err;
};
// What `print` prints about that log. Times are told in UTC.
Printed printed(const std::function<int(const store::LogReader& log, const Output& output)>& print,
                Format format = Format::table);

// A file of GOLDEN_FOLDER.
std::string golden(const std::string& name);

}  // namespace ratchet::ratchetctl
