// What is read from the system: the disk's limit, this process's memory and time, sizes of files.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace ratchet::bench {

using Clock = std::chrono::steady_clock;

double seconds(Clock::duration time);

// Half of 200 appends of 4 KiB, each with fdatasync, to a file in `dir`, took at most this long.
double fsync_p50_us(const std::string& dir);

// Seconds that this process has been on a processor, in user and system mode.
double cpu_seconds();

// From /proc/self/status: "VmHWM" is the most that was resident, "VmRSS" what is now.
double status_mb(const std::string& field);

std::uint64_t bytes_in(const std::string& dir);

// The given part of the values lies at or below the result. Sorts them.
double percentile(std::vector<double>& values, double part);

}  // namespace ratchet::bench
