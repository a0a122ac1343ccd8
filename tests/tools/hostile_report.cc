#include "tests/tools/hostile_report.h"

#include <sstream>

#include "tests/engine/recording.h"
#include "tools/ratchetctl/report.h"

namespace ratchet::ratchetctl {

std::string hostile_page() {
  engine::testing::Outside outside;
  engine::testing::Ledger ledger;
  const auto process = engine::testing::wait_for_approval(outside, ledger, "porto");
  process->engine->note("porto", {hostile_words, hostile_words});
  process->engine->note("porto", {"ann", std::string(600, 'W')});
  process->engine->pause("porto", {"ann\x1b[31m", hostile_words});
  process->host.settle();
  std::ostringstream page, err;
  Streams streams{page, err, {}};
  print_report(process->log, RunName{"porto", false}, "", {streams, Format::table});
  return page.str();
}

}  // namespace ratchet::ratchetctl
