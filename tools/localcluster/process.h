// A child process that ends with this one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/types.h>

namespace ratchet::localcluster {

struct Launch {
  std::vector<std::string> argv;  // the program is looked up in PATH
  std::map<std::string, std::string> env;
  std::filesystem::path log;  // standard output and error are appended to it
  // The program is a sandbox that writes {"child-pid": N} to its file descriptor 3, N being the
  // first process in it, which starts the program: signals go to that one.
  bool sandbox = false;
};

class Process {
 public:
  // Throws std::system_error if it cannot be started.
  Process(const boost::asio::any_io_executor& executor, const Launch& launch);
  ~Process();  // kills it if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Waits for its end: its exit code, or 128 + the signal that ended it. Once.
  boost::asio::awaitable<int> wait();
  // To the program in the sandbox where there is one; nothing happens if it has ended.
  void signal(int number);
  void kill();  // the process and its sandbox
  // The first process in the sandbox, as seen from here; 0 if it is not known (yet). Does not wait:
  // with many servers on few processors a sandbox takes seconds, and nobody else is served
  // meanwhile.
  pid_t inner();

 private:
  pid_t pid_ = -1;
  int status_fd_ = -1;
  std::string said_;  // by the sandbox, in pieces
  pid_t inner_ = 0;
  bool reaped_ = false;
  std::optional<boost::asio::posix::stream_descriptor> ended_;  // a pidfd: readable at the end
};

}  // namespace ratchet::localcluster
