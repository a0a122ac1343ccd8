// The daemon in the cluster: provisions MySQL databases and carries out operations on them.
#include <exception>
#include <iostream>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "engine/runtime/engine.h"
#include "store/log.h"
#include "tools/ratchetd/command_line.h"
#include "tools/ratchetd/daemon.h"
#include "tools/ratchetd/log_lines.h"

namespace {

using namespace ratchet;
using ratchetd::Exit;

int exit_of(store::Fault fault) {
  switch (fault) {
    case store::Fault::locked:
      return Exit::log_locked;
    case store::Fault::corrupt:
    case store::Fault::halted:
      return Exit::halted;
    default:
      return Exit::usage;
  }
}

int run_reporting(const ratchetd::Options& options) {
  try {
    return ratchetd::run(options);
  } catch (const ratchetd::BadSetup& error) {
    spdlog::critical("{}", error.what());
    return Exit::usage;
  } catch (const engine::Halt& error) {
    spdlog::critical("HALTED: {}", error.what());
    return Exit::halted;
  } catch (const store::Error& error) {
    spdlog::critical("{}", error.what());
    return exit_of(error.fault());
  } catch (const std::exception& error) {
    spdlog::critical("{}", error.what());
    return Exit::failed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  // Of many threads: a slow turn is reported from one of its own.
  spdlog::set_default_logger(spdlog::stderr_color_mt("ratchetd"));
  spdlog::default_logger()->set_formatter(ratchetd::text_lines());

  const ratchetd::Asked asked = ratchetd::ask({argv + 1, argv + argc}, std::cout, std::cerr);
  if (asked.exit) return *asked.exit;
  if (asked.json_lines) spdlog::default_logger()->set_formatter(ratchetd::json_lines());
  return run_reporting(asked.options);
}
