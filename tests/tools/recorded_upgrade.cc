#include "tests/tools/recorded_upgrade.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/histories/history_text.h"

namespace ratchet::ratchetctl {

namespace {

std::string content(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::shared_ptr<store::MemoryDisk> recorded_upgrade() {
  return engine::testing::from_text(content(HISTORY_FILE));
}

Printed printed(const std::function<int(const store::LogReader& log, const Output& output)>& print,
                Format format) {
  setenv("TZ", "UTC", 1);
  tzset();
  const store::MemoryLog log(recorded_upgrade(), [](const auto&) {});
  std::ostringstream out, err;
  Streams streams{out, err, {}};
  const int code = print(log, {streams, format});
  return {code, out.str(), err.str()};
}

std::string golden(const std::string& name) { return content(GOLDEN_FOLDER "/" + name); }

}  // namespace ratchet::ratchetctl
