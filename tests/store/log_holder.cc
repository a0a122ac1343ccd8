// Opens the log in the first argument, makes as many records durable as the second says, writes a
// byte to its standard output and lives until it is killed (or its parent is gone for a minute).
//   DIR edit INDEX    writes something else in the place of this record, past all that the store
//   does
#include <cstdlib>
#include <string>

#include <unistd.h>

#include "store/keys.h"
#include "store/rocks_log.h"
#include "tests/store/edited_log.h"
#include "tests/store/log_under_test.h"

int main(int words, char** arguments) {
  using namespace ratchet::store;
  if (words == 4 && arguments[2] == std::string("edit")) {
    edit_log(arguments[1], record_key(std::stoull(arguments[3])).view(), "forged");
    return 0;
  }
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
