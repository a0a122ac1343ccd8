// What is proved: the page about an upgrade that was recorded, to the letter; it needs nothing from
// elsewhere, and nothing in a log becomes markup on it.
#include "tools/ratchetctl/report.h"

#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/hostile_report.h"
#include "tests/tools/recorded_upgrade.h"
#include "tools/ratchetctl/html.h"

namespace ratchet::ratchetctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Printed page_of(const std::string& run, Format format = Format::table) {
  return printed(
      [&](const auto& log, const auto& output) {
        return print_report(log, RunName{run, false}, "", output);
      },
      format);
}

TEST(Report, IsAPageAboutAnUpgrade) {
  const Printed page = page_of("look-approved");
  EXPECT_EQ(page.code, Exit::well);
  EXPECT_EQ(page.err, "");
  EXPECT_EQ(page.out, golden("report.html"));
}

TEST(Report, NeedsNothingFromElsewhere) {
  for (const char* run : {"look-approved", "look-blocked", "look-drift", "look-window"}) {
    const std::string page = page_of(run).out;
    for (const char* outside : {"<script", "src=", "href=", "url(", "@import", "http:", "https:"}) {
      EXPECT_THAT(page, Not(HasSubstr(outside))) << run;
    }
    EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  }
}

TEST(Report, TellsWhoApprovedWhatAndHowLongNothingWasWritten) {
  const std::string page = page_of("look-approved").out;
  EXPECT_THAT(page, HasSubstr("<h1>Upgrade of demo/db from 10.11.6 to 11.8.6</h1>"));
  EXPECT_THAT(page, HasSubstr("<td>approved: approve_upgrade</td><td>ann</td><td>read it</td>"));
  EXPECT_THAT(page, HasSubstr("the server was stopped; from the start of step"));
  EXPECT_THAT(page, HasSubstr("delete_pod"));
  EXPECT_THAT(page, HasSubstr("class=\"outage\""));
}

TEST(Report, TellsWhatWasFoundAndThatNothingWasTouched) {
  const std::string page = page_of("look-blocked").out;
  EXPECT_THAT(page, HasSubstr("<td class=\"bad\">BLOCKING</td><td>xa-prepared</td>"));
  EXPECT_THAT(page, HasSubstr("<dt>write outage</dt><dd>none recorded</dd>"));
  EXPECT_THAT(page, HasSubstr("The run recorded no plan."));
}

// The run waited five hours for its window, and did all else at once.
TEST(Report, DrawsHowLongEachStepTook) {
  const std::string page = page_of("look-window").out;
  EXPECT_THAT(page, HasSubstr("<dt>took</dt><dd>5h 0m</dd>"));
  EXPECT_THAT(page, HasSubstr("x=\"230\" y=\"123\" width=\"650\""));
  EXPECT_THAT(page, HasSubstr("text-anchor=\"middle\">2h 0m</text>"));
}

TEST(Report, IsNoDocument) { EXPECT_THROW(page_of("look-approved", Format::json), WrongInput); }

TEST(Report, OfALogWithMarkupInItHasItAsText) {
  const std::string page = hostile_page();
  for (const char* markup : {"<script", "<img", "<style>*", "\x1b"}) {
    EXPECT_THAT(page, Not(HasSubstr(markup)));
  }
  const std::string words = escaped(hostile_words);
  EXPECT_THAT(page, HasSubstr("<td>note</td><td>" + words + "</td><td>" + words + "</td>"));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&gt;"));
}

TEST(Report, OfTheSameLogIsTheSame) {
  EXPECT_EQ(page_of("look-drift").out, page_of("look-drift").out);
}

TEST(Html, LeavesOutColumnsWithoutContentAndKeepsLines) {
  std::ostringstream out;
  write_table(out, {"a", "b", "c"}, {{{Cell{"1"}, Cell{""}, Cell{"<", Style::bad}}}});
  EXPECT_EQ(out.str(),
            "<table>\n<thead><tr><th>a</th><th>c</th></tr></thead>\n<tbody>\n"
            "<tr><td>1</td><td class=\"bad\">&lt;</td></tr>\n</tbody>\n</table>\n");
  EXPECT_EQ(escaped("a\n<b>\r"), "a\n&lt;b&gt;\uFFFD");
}

}  // namespace
}  // namespace ratchet::ratchetctl
