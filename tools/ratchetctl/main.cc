#include <iostream>

#include "tools/ratchetctl/ctl.h"
#include "tools/ratchetctl/registry.h"
#include "tools/ratchetctl/rehearse.h"

int main(int argc, char** argv) {
  using namespace ratchet::ratchetctl;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return run(arguments, linked_workflows(), {std::cout, std::cerr, screen_of_stdout()},
             rehearse_upgrade);
}
