// report_pages DIR   writes what report_browser_test.py opens: the pages about two recorded
// upgrades, of which one took hours and one was refused, and about a run with markup on its record.
#include <fstream>
#include <iostream>
#include <string>

#include "tests/tools/hostile_report.h"
#include "tests/tools/recorded_upgrade.h"
#include "tools/ratchetctl/report.h"

namespace {

using namespace ratchet::ratchetctl;

std::string page_about(const std::string& run) {
  return printed([&run](const auto& log, const auto& output) {
           return print_report(log, RunName{run, false}, "", output);
         })
      .out;
}

bool write_to(const std::string& file, const std::string& page) {
  std::ofstream out(file, std::ios::binary);
  out << page;
  out.close();
  return !page.empty() && out.good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "report_pages DIR\n";
    return 2;
  }
  const std::string dir = std::string(argv[1]) + "/";
  const bool written = write_to(dir + "window.html", page_about("look-window")) &&
                       write_to(dir + "blocked.html", page_about("look-blocked")) &&
                       write_to(dir + "hostile.html", hostile_page());
  return written ? 0 : 1;
}
