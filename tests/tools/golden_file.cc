#include "tests/tools/golden_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace ratchet::ratchetctl {

std::string golden_text(const std::string& out, const std::string& err, int code) {
  return out + (err.empty() ? "" : "--- on standard error\n" + err) + "--- exit code " +
         std::to_string(code) + "\n";
}

void expect_golden(const std::string& file, const std::string& text) {
  const std::string path = GOLDEN_FOLDER "/golden/" + file + ".txt";
  if (std::getenv("RATCHET_WRITE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(GOLDEN_FOLDER "/golden");
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream in(path, std::ios::binary);
  const std::string kept{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, kept) << file;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace ratchet::ratchetctl
