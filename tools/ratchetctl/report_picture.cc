// The picture of a report: every step a bar over time.
#include <algorithm>
#include <cstdint>

#include "tools/ratchetctl/html.h"
#include "tools/ratchetctl/report.h"
#include "tools/ratchetctl/steps.h"
#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetctl {

namespace {

constexpr std::size_t most_rows = 200;
constexpr std::int64_t names_wide = 230;
constexpr std::int64_t bars_wide = 650;
constexpr std::int64_t times_wide = 90;
constexpr std::int64_t row_high = 18;
constexpr std::int64_t head_high = 30;
constexpr std::int64_t narrowest = 2;
constexpr std::int64_t scale_parts = 5;  // of the scale

const char* class_of(const Cell& result) {
  switch (result.style) {
    case Style::bad:
      return "bar-bad";
    case Style::warning:
      return "bar-open";
    case Style::good:
      return "bar-good";
    case Style::plain:
    case Style::faint:
      break;
  }
  return "bar-wait";
}

class Picture {
 public:
  Picture(std::ostream& out, const Reported& reported)
      : out_(out),
        reported_(reported),
        from_(reported.report.run.started),
        whole_(std::max(reported.report.until - from_, engine::Duration{1})),
        rows_(std::min(reported.report.entries.size(), most_rows)) {}

  void draw() {
    const std::int64_t high = head_high + row_high * static_cast<std::int64_t>(rows_) + 6;
    out_ << "<svg viewBox=\"0 0 " << names_wide + bars_wide + times_wide << " " << high
         << "\" role=\"img\" aria-label=\"The steps over time\">\n";
    draw_outage(high);
    draw_scale(high);
    for (std::size_t i = 0; i < rows_; ++i) draw_row(i);
    out_ << "</svg>\n";
    if (rows_ < reported_.report.entries.size()) {
      out_ << "<p>The first " << rows_ << " of " << reported_.report.entries.size()
           << " steps; the table has them all.</p>\n";
    }
  }

 private:
  std::int64_t place(engine::Time time) const {
    const engine::Duration since = std::clamp(time - from_, engine::Duration{0}, whole_);
    return names_wide + since.count() * bars_wide / whole_.count();
  }

  void draw_outage(std::int64_t high) {
    if (!reported_.outage) return;
    const engine::Span& span = reported_.outage->span;
    const std::int64_t left = place(span.from.wall);
    const std::int64_t right = place(span.to ? span.to->wall : reported_.report.until);
    out_ << "<rect class=\"outage\" x=\"" << left << "\" y=\"" << head_high << "\" width=\""
         << std::max(right - left, narrowest) << "\" height=\"" << high - head_high
         << "\"><title>no writes: " << escaped(reported_.outage->why) << "</title></rect>\n";
  }

  void draw_scale(std::int64_t high) {
    for (std::int64_t i = 0; i <= scale_parts; ++i) {
      const std::int64_t x = names_wide + bars_wide * i / scale_parts;
      out_ << "<line class=\"scale\" x1=\"" << x << "\" y1=\"" << head_high - 8 << "\" x2=\"" << x
           << "\" y2=\"" << high << "\"/><text x=\"" << x << "\" y=\"" << head_high - 14
           << "\" text-anchor=\"middle\">" << escaped(for_people(whole_ / scale_parts * i))
           << "</text>\n";
    }
  }

  void draw_row(std::size_t row) {
    const engine::TimelineEntry& entry = reported_.report.entries[row];
    const engine::Time until = reported_.report.until;
    const std::int64_t y = head_high + row_high * static_cast<std::int64_t>(row);
    const std::int64_t left = place(entry.command.wall);
    const std::int64_t right = place(entry.end ? entry.end->wall : until);
    const Cell result = result_of(entry);
    const std::string name = std::to_string(entry.command.command) + " " + step_of(entry);
    out_ << "<text x=\"0\" y=\"" << y + 13 << "\">" << escaped(shortened(name, 34)) << "</text>"
         << "<rect class=\"" << class_of(result) << "\" x=\"" << left << "\" y=\"" << y + 3
         << "\" width=\"" << std::max(right - left, narrowest) << "\" height=\"" << row_high - 6
         << "\"><title>" << escaped(name + ": " + result.text) << "</title></rect>"
         << "<text x=\"" << names_wide + bars_wide + times_wide << "\" y=\"" << y + 13
         << "\" text-anchor=\"end\">" << escaped(for_people(entry.took(until))) << "</text>\n";
  }

  std::ostream& out_;
  const Reported& reported_;
  engine::Time from_;
  engine::Duration whole_;
  std::size_t rows_;
};

}  // namespace

void write_picture(std::ostream& out, const Reported& reported) {
  if (reported.report.entries.empty()) {
    out << "<p class=\"faint\">no steps</p>\n";
    return;
  }
  Picture(out, reported).draw();
}

}  // namespace ratchet::ratchetctl
