// What is proved: columns line up whatever the text, and nothing in a cell can steer a terminal.
#include "tools/ratchetctl/table.h"

#include <gtest/gtest.h>

namespace ratchet::ratchetctl {
namespace {

std::string small_table(Screen screen) {
  Table table({{"NAME"}, {"N", 0, true}, {"WHY"}}, screen);
  table.add({Cell{"größe"}, Cell{"7"}, Cell{"all is well and has been so for long"}});
  table.add({Cell{"数据"}, Cell{"1234"}, Cell{}});
  return table.take();
}

TEST(Table, PipedTextIsNeverShortenedAndLinesEndWithoutBlanks) {
  EXPECT_EQ(small_table({}),
            "NAME      N  WHY\n"
            "größe     7  all is well and has been so for long\n"
            "数据   1234\n");
}

TEST(Table, OnATerminalTheWidestColumnGivesWay) {
  EXPECT_EQ(small_table({.colours = false, .width = 30}),
            "NAME      N  WHY\n"
            "größe     7  all is well and …\n"
            "数据   1234\n");
}

TEST(Table, ColoursDoNotCountAsWidth) {
  Table table({{"A"}, {"B"}}, {.colours = true, .width = 80});
  table.add({Cell{"x", Style::good}, Cell{"y"}});
  EXPECT_EQ(table.take(), "\033[2mA\033[0m  \033[2mB\033[0m\n\033[32mx\033[0m  y\n");
}

TEST(Table, LaterRowsComeWithoutTitlesAndWithGrownColumns) {
  Table table({{"A", 4}, {"B"}}, {});
  table.add({Cell{"x"}, Cell{"y"}});
  EXPECT_EQ(table.take(), "A     B\nx     y\n");
  table.add({Cell{"longer"}, Cell{"y"}});
  EXPECT_EQ(table.take(), "longer  y\n");
  table.add({Cell{"x"}, Cell{"y"}});
  EXPECT_EQ(table.take(), "x       y\n");
}

TEST(Table, ALineBetweenRowsIsInNoColumn) {
  Table table({{"A"}, {"B"}}, {});
  table.add({Cell{"x"}, Cell{"y"}});
  table.add_line("-- much longer than\tany cell");
  EXPECT_EQ(table.take(), "A  B\nx  y\n-- much longer than any cell\n");
}

TEST(Table, ControlCharactersAndBrokenTextAreReplaced) {
  EXPECT_EQ(one_line("a\nb\tc"), "a b c");
  EXPECT_EQ(one_line("\033[31mred\x9B"), "\uFFFD[31mred\uFFFD");
  EXPECT_EQ(one_line("\xE2\x82"), "\uFFFD\uFFFD");
  EXPECT_EQ(one_line("abc\u202Edef"), "abc\uFFFDdef");
}

TEST(Table, WidthsAreThoseOfATerminal) {
  EXPECT_EQ(width_of("e\u0301"), 1U);
  EXPECT_EQ(width_of("数"), 2U);
  EXPECT_EQ(width_of("🚀"), 2U);
  EXPECT_EQ(shortened("数据库", 4), "数…");
  EXPECT_EQ(shortened("same", 4), "same");
}

}  // namespace
}  // namespace ratchet::ratchetctl
