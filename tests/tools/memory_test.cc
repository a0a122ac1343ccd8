// Pages of files are given back, and read again; what the program has written stays.
#include "tools/ratchetd/memory.h"

#include <fstream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace ratchet::ratchetd {
namespace {

volatile int writable_word = 1;

int resident_file_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stoi(line.substr(line.find(':') + 1));
  }
  throw std::runtime_error("/proc/self/status has no RssFile");
}

TEST(Memory, PagesOfTheProgramAreGivenBackAndReadAgain) {
  const int before = resident_file_kb();
  writable_word = 2;
  give_back_memory();
  EXPECT_LT(resident_file_kb(), before / 2);
  const int read_again = writable_word;
  EXPECT_EQ(read_again, 2);
}

}  // namespace
}  // namespace ratchet::ratchetd
