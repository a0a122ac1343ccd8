#include "tools/ratchetd/api_metrics.h"

#include <algorithm>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "tools/ratchetctl/words.h"

namespace ratchet::ratchetd {

namespace {

namespace pm = prometheus;
using Labels = std::vector<pm::ClientMetric::Label>;

class Page {
 public:
  void gauge(const char* name, const char* help, double value, Labels labels = {}) {
    family(name, help, pm::MetricType::Gauge).gauge.value = value;
    families_.back().metric.back().label = std::move(labels);
  }
  void counter(const char* name, const char* help, double value, Labels labels = {}) {
    family(name, help, pm::MetricType::Counter).counter.value = value;
    families_.back().metric.back().label = std::move(labels);
  }
  // A point in time; absent while there is none.
  void timestamp(const char* name, const char* help, const std::optional<engine::Time>& time) {
    if (!time) return;
    gauge(name, help, std::chrono::duration<double>(time->time_since_epoch()).count());
  }
  std::string text() const { return pm::TextSerializer().Serialize(families_); }

 private:
  pm::ClientMetric& family(const char* name, const char* help, pm::MetricType type) {
    if (families_.empty() || families_.back().name != name) {
      families_.push_back({name, help, type, {}});
    }
    return families_.back().metric.emplace_back();
  }

  std::vector<pm::MetricFamily> families_;
};

void add_runs(Page& page, const RunGauges& runs) {
  for (const auto& [of, count] : runs.counts()) {
    page.gauge("ratchet_runs", "Runs in the log, by workflow and state.",
               static_cast<double>(count),
               {{"workflow", of.first}, {"state", ratchetctl::name_of(of.second)}});
  }
  const auto asked = runs.for_a_person();
  page.gauge("ratchet_runs_waiting_for_person",
             "Open runs that wait until somebody decides: at a gate, about a step in doubt, or for "
             "their release.",
             static_cast<double>(asked.runs));
  page.timestamp("ratchet_oldest_wait_for_person_timestamp_seconds",
                 "Since when the one that has waited longest for a decision waits.", asked.since);
  const auto paused = runs.paused();
  page.gauge("ratchet_runs_paused", "Open runs that somebody paused, quarantined ones included.",
             static_cast<double>(paused.runs));
  page.timestamp("ratchet_oldest_pause_timestamp_seconds",
                 "Since when the run that was paused first is paused.", paused.since);
}

void add_fences(Page& page, const std::vector<engine::Time>& ends) {
  page.gauge("ratchet_fences", "MySQLs whose primary refuses writes while its role moves.",
             static_cast<double>(ends.size()));
  const auto first = std::ranges::min_element(ends);
  page.timestamp("ratchet_oldest_fence_end_timestamp_seconds",
                 "When the first of these fences ends, or was to end.",
                 first == ends.end() ? std::nullopt : std::optional(*first));
}

void add_log(Page& page, const Metrics& metrics) {
  page.counter("ratchet_log_records_total", "Durable records of the log, since it was made.",
               static_cast<double>(metrics.durable));
  page.gauge("ratchet_log_queued_records", "Records that were submitted and are not durable yet.",
             static_cast<double>(metrics.queued));
  page.gauge("ratchet_log_stalled_seconds",
             "How long records have been queued without one becoming durable; 0: they do.",
             metrics.stalled_seconds);
  std::error_code unreadable;
  const auto space = std::filesystem::space(metrics.folder, unreadable);
  if (unreadable) return;
  page.gauge("ratchet_log_disk_free_bytes", "Free space on the volume of the log.",
             static_cast<double>(space.available));
  page.gauge("ratchet_log_disk_size_bytes", "Size of the volume of the log.",
             static_cast<double>(space.capacity));
}

}  // namespace

void StallWatch::look(std::uint64_t durable, std::uint64_t queued, Clock::time_point now) {
  if (!waits_ || durable != durable_) moved_ = now;
  durable_ = durable;
  waits_ = queued > durable;
}

std::chrono::duration<double> StallWatch::stalled(Clock::time_point now) const {
  return waits_ ? now - moved_ : Clock::duration::zero();
}

std::string to_text(const Metrics& metrics, const RunGauges& runs) {
  Page page;
  page.gauge("ratchet_build_info", "The build that runs.", 1, {{"version", metrics.version}});
  const auto started = std::chrono::duration<double>(metrics.started.time_since_epoch());
  page.gauge("process_start_time_seconds", "When the process started.", started.count());
  page.gauge("ratchet_ready", "1: the engine has its Lease and its log, and takes acts.",
             metrics.ready ? 1 : 0);
  page.gauge("ratchet_halted", "1: an append failed; nothing is performed any more.",
             metrics.halted ? 1 : 0);
  add_runs(page, runs);
  if (metrics.ready) add_fences(page, metrics.fence_ends);
  add_log(page, metrics);
  for (const auto& [of, count] : metrics.acts) {
    page.counter("ratchet_acts_total", "What people did through the API, by act and outcome.",
                 static_cast<double>(count), {{"act", of.first}, {"outcome", of.second}});
  }
  for (const auto& [of, count] : metrics.requests) {
    page.counter("ratchet_api_requests_total", "Answers of the API, by operation and status.",
                 static_cast<double>(count),
                 {{"operation", of.first}, {"code", std::to_string(of.second)}});
  }
  return page.text();
}

}  // namespace ratchet::ratchetd
