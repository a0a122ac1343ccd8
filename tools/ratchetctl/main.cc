#include <iostream>

#include "tools/ratchetctl/ctl.h"
#include "tools/ratchetctl/progress.h"
#include "tools/ratchetctl/registry.h"
#include "tools/ratchetctl/rehearse.h"

int main(int argc, char** argv) {
  using namespace ratchet::ratchetctl;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const Streams streams{std::cout, std::cerr, screen_of_stdout(), stderr_is_terminal()};
  return run(arguments, linked_workflows(), streams, rehearse_upgrade);
}
