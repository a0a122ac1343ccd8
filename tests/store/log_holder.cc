// Opens the log in the first argument, makes as many records durable as the second says, writes a
// byte to its standard output and lives until it is killed (or its parent is gone for a minute).
#include <cstdlib>
#include <string>

#include <unistd.h>

#include "store/rocks_log.h"
#include "tests/store/log_under_test.h"

int main(int, char** arguments) {
  using namespace ratchet::store;
  const auto log = open_rocks_log(arguments[1]);
  Told told;
  log->listen(told.listener());
  const int count = std::atoi(arguments[2]);
  for (int i = 0; i < count; ++i) log->submit(plain_entry("record " + std::to_string(i)));
  told.wait_for(log->next_index());
  if (write(STDOUT_FILENO, "x", 1) != 1) return 1;
  sleep(60);
  return 0;
}
