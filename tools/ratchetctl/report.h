// ratchetctl report RUN: one page about a run, for somebody who was not there.
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "engine/inspect/report.h"
#include "tools/ratchetctl/commands.h"
#include "tools/ratchetctl/planned.h"

namespace CLI {
class App;
}

namespace ratchet::ratchetctl {

// A time without writes, as the record bounds it.
struct Outage {
  engine::Span span;
  std::string why;  // what the database could not do meanwhile
};

// The write outage of an upgrade; nothing if the run recorded none.
std::optional<Outage> outage_of(const engine::Report& report);

// What the page is made of.
struct Reported {
  engine::Report report;
  std::optional<Planned> plan;
  std::optional<Outage> outage;
};
Reported reported(const store::LogReader& log, const engine::RunInfo& run);

// A whole page in HTML: no script, nothing from elsewhere, times in UTC. The same log gives the
// same page.
void write_page(std::ostream& out, const Reported& reported);

// The steps as bars over time, as SVG. The first 200 of them.
void write_picture(std::ostream& out, const Reported& reported);

int print_report(const store::LogReader& log, const RunName& name, const std::string& to_file,
                 const Output& output);

// Adds it to `app`; if it was parsed it sets `chosen`, which must outlive the app.
void add_report(CLI::App& app, Action& chosen);

}  // namespace ratchet::ratchetctl
