#include "tests/bench/measure.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace ratchet::bench {

namespace {
constexpr int appends = 200;

void require(bool ok, const std::string& doing) {
  if (!ok) throw std::system_error(errno, std::generic_category(), doing);
}
}  // namespace

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

double fsync_p50_us(const std::string& dir) {
  const std::string file = dir + "/fsync";
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  require(fd >= 0, "create " + file);
  const std::vector<char> page(4096, 'x');
  std::vector<double> times;
  for (int i = 0; i < appends; ++i) {
    const auto begin = Clock::now();
    require(write(fd, page.data(), page.size()) == static_cast<ssize_t>(page.size()) &&
                fdatasync(fd) == 0,
            "write " + file);
    times.push_back(seconds(Clock::now() - begin) * 1e6);
  }
  close(fd);
  std::filesystem::remove(file);
  return percentile(times, 0.5);
}

double cpu_seconds() {
  rusage usage{};
  require(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

double status_mb(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stod(line.substr(field.size() + 1)) / 1024.0;
  }
  throw std::runtime_error("/proc/self/status has no " + field);
}

std::uint64_t bytes_in(const std::string& dir) {
  std::uint64_t sum = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    // RocksDB's text log is no part of the data.
    if (!entry.path().filename().string().starts_with("LOG")) sum += entry.file_size();
  }
  return sum;
}

double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return std::nan("");
  std::ranges::sort(values);
  const double at = std::ceil(part * static_cast<double>(values.size())) - 1.0;
  return values[static_cast<std::size_t>(std::max(0.0, at))];
}

}  // namespace ratchet::bench
