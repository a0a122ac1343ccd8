// Asks the program `examine` what it says of a log, and outlives its end.
#pragma once

#include <string>

#include <sys/types.h>

namespace ratchet::crash {

// Answers that are not what was said of a whole log.
inline const std::string found = "found";
inline const std::string refused = "refused";
inline const std::string aborted = "RocksDB aborted";

// One process, started again when it ended. For one thread.
class Examiner {
 public:
  // `anchor`: a file with the checkpoint that the logs are compared with.
  explicit Examiner(std::string anchor);
  ~Examiner();
  Examiner(const Examiner&) = delete;
  Examiner& operator=(const Examiner&) = delete;

  // What is said of the log in `folder`, opened in this `way`: "read" or "write". `found`: that it
  // is damaged. `refused`: that it cannot be opened for writing. `aborted`: an assertion of
  // RocksDB's ended the process. Any other end, and no answer in 60 s, is a text that says so.
  std::string ask(const std::string& way, const std::string& folder);

 private:
  void start();
  std::string end();  // ends the process and says how it ended

  const std::string anchor_;
  std::string complaints_;  // a file: its standard error
  pid_t pid_ = 0;
  int to_ = -1;
  int from_ = -1;
};

}  // namespace ratchet::crash
