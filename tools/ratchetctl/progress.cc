#include "tools/ratchetctl/progress.h"

#include <ostream>
#include <utility>

#include <unistd.h>

namespace ratchet::ratchetctl {

namespace {
constexpr std::chrono::seconds patience{1};  // what is done by then needs no line
constexpr std::chrono::milliseconds interval{200};
constexpr const char* from_its_beginning = "\r\033[K";
}  // namespace

ProgressLine::ProgressLine(const Streams& streams, std::string what, std::string of_what,
                           std::function<Clock::time_point()> now)
    : streams_(streams),
      what_(std::move(what)),
      of_what_(std::move(of_what)),
      now_(std::move(now)),
      next_(now_() + patience) {}

ProgressLine::~ProgressLine() {
  if (shown_) streams_.err << from_its_beginning << std::flush;
}

engine::Progress ProgressLine::reporter() {
  if (!streams_.err_is_terminal) return {};
  return [this](std::uint64_t done, std::uint64_t of) { at(done, of); };
}

void ProgressLine::at(std::uint64_t done, std::uint64_t of) {
  if (!streams_.err_is_terminal || of == 0) return;
  const Clock::time_point now = now_();
  if (now < next_) return;
  next_ = now + interval;
  shown_ = true;
  streams_.err << from_its_beginning << what_ << ": " << done << " of " << of << " " << of_what_
               << ", " << done * 100 / of << " %" << std::flush;
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) != 0; }

}  // namespace ratchet::ratchetctl
