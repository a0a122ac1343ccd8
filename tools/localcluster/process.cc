#include "tools/localcluster/process.h"

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ratchet::localcluster {
namespace {

constexpr int status_target = 3;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

struct Files {
  int log = -1;
  int status_read = -1;
  int status_write = -1;
};

Files open_files(const Launch& launch) {
  Files files;
  files.log = open(launch.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (files.log < 0) fail("cannot write " + launch.log.string());
  std::array<int, 2> ends{};
  if (launch.sandbox) {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    files.status_read = ends[0];
    files.status_write = ends[1];
  }
  return files;
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* argv, char* const* env, const Files& files, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  setsid();  // a Ctrl-C on our terminal is ours to pass on
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(files.log, STDOUT_FILENO);
  dup2(files.log, STDERR_FILENO);
  if (files.status_write >= 0) {
    if (files.status_write == status_target) {
      fcntl(status_target, F_SETFD, 0);
    } else {
      dup2(files.status_write, status_target);
    }
  }
  execvpe(argv[0], argv, env);
  _exit(127);
}

// 0 if it has none.
pid_t first_child(pid_t parent) {
  const std::string pid = std::to_string(parent);
  std::ifstream file("/proc/" + pid + "/task/" + pid + "/children");
  pid_t child = 0;
  file >> child;
  return child;
}

}  // namespace

Process::Process(const boost::asio::any_io_executor& executor, const Launch& launch) {
  std::vector<std::string> arguments = launch.argv;
  std::vector<std::string> variables;
  variables.reserve(launch.env.size());
  for (const auto& [name, value] : launch.env) variables.emplace_back(name + "=") += value;
  const auto argv = pointers(arguments);
  const auto env = pointers(variables);
  const Files files = open_files(launch);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) become(argv.data(), env.data(), files, parent);
  const int reason = errno;
  close(files.log);
  if (files.status_write >= 0) close(files.status_write);
  status_fd_ = files.status_read;
  if (pid_ < 0) throw std::system_error(reason, std::generic_category(), "fork");
  const auto descriptor = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (descriptor < 0) fail("pidfd_open (Linux 5.3 or newer is needed)");
  ended_.emplace(executor, descriptor);
}

Process::~Process() {
  if (!reaped_ && pid_ > 0) {
    kill();
    waitpid(pid_, nullptr, 0);
  }
  if (status_fd_ >= 0) close(status_fd_);
}

boost::asio::awaitable<int> Process::wait() {
  co_await ended_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                              boost::asio::use_awaitable);
  int status = 0;
  waitpid(pid_, &status, 0);
  reaped_ = true;
  co_return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

pid_t Process::inner() {
  if (inner_ != 0 || status_fd_ < 0) return inner_;
  std::array<char, 256> text{};
  ssize_t size = 0;
  while ((size = read(status_fd_, text.data(), text.size())) > 0) {
    said_.append(text.data(), static_cast<std::size_t>(size));
  }
  const auto end = said_.find('}');
  if (end == std::string::npos) return 0;
  const auto status = nlohmann::json::parse(said_.substr(0, end + 1), nullptr, false);
  if (status.is_object()) inner_ = status.value("child-pid", 0);
  return inner_;
}

void Process::signal(int number) {
  if (reaped_) return;
  if (status_fd_ < 0) {
    ::kill(pid_, number);
    return;
  }
  const pid_t program = inner() > 0 ? first_child(inner()) : 0;
  if (program > 0) {
    ::kill(program, number);
  } else {
    kill();  // nothing runs in it yet, or any more
  }
}

void Process::kill() {
  if (reaped_) return;
  if (inner() > 0) ::kill(inner(), SIGKILL);  // the end of all processes in the sandbox
  ::kill(pid_, SIGKILL);
}

}  // namespace ratchet::localcluster
