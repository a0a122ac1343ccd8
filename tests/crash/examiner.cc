#include "tests/crash/examiner.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ratchet::crash {
namespace {

constexpr int patience_ms = 60'000;

std::string read_file(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(name).rdbuf();
  return text.str();
}

std::string temporary_file() {
  std::string name = std::filesystem::temp_directory_path() / "examine-XXXXXX";
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) throw std::runtime_error("no temporary file");
  close(file);
  return name;
}

}  // namespace

Examiner::Examiner(std::string anchor) : anchor_(std::move(anchor)), complaints_(temporary_file()) {
  start();
}

Examiner::~Examiner() {
  end();
  std::filesystem::remove(complaints_);
}

void Examiner::start() {
  int to[2];
  int from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const int errors = open(complaints_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ == 0) {
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    execl(EXAMINE, EXAMINE, anchor_.c_str(), nullptr);
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  close(errors);
  to_ = to[1];
  from_ = from[0];
}

std::string Examiner::end() {
  close(to_);
  kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  close(from_);
  const std::string said = read_file(complaints_);
  const bool of_rocksdb =
      said.find("rocksdb::") != std::string::npos && said.find("Assertion") != std::string::npos;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && of_rocksdb) return aborted;
  return "ended with status " + std::to_string(status) + ": " + said;
}

std::string Examiner::ask(const std::string& way, const std::string& folder) {
  const std::string question = way + " " + folder + "\n";
  std::string answer;
  // A process that ended cannot read: EPIPE, not a signal.
  signal(SIGPIPE, SIG_IGN);
  bool alive = write(to_, question.data(), question.size()) > 0;
  while (alive && !answer.ends_with('\n')) {
    pollfd ready{from_, POLLIN, 0};
    char byte = 0;
    alive = poll(&ready, 1, patience_ms) == 1 && read(from_, &byte, 1) == 1;
    if (alive) answer += byte;
  }
  if (alive) return answer.substr(0, answer.size() - 1);
  answer = end();
  start();
  return answer;
}

}  // namespace ratchet::crash
