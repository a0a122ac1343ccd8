// What is proved: the build that the log names is the hash that the linker wrote into this very
// program. A build that were told by the version would be the same for other code: then runs are
// not replayed at the start of a new build, and what ended two processes stays forbidden to it.
#include "tools/ratchetd/build_id.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/checkpoint.h"

namespace ratchet::ratchetd {
namespace {

TEST(BuildId, IsTheNoteOfTheLinker) {
  std::ifstream in("/proc/self/exe", std::ios::binary);
  const std::string program{std::istreambuf_iterator<char>(in), {}};
  // A name of 4 bytes, a content of 20, of type 3 (NT_GNU_BUILD_ID).
  const std::string note("\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0", 16);
  std::size_t found = 0;
  bool same = false;
  for (std::size_t at = 0; (at = program.find(note, at)) != std::string::npos; at += note.size()) {
    ++found;
    same = same || store::to_hex(program.substr(at + note.size(), 20)) == build_id();
  }
  EXPECT_TRUE(same) << build_id() << " is none of the " << found << " notes";
  EXPECT_THAT(build_id(), ::testing::MatchesRegex("[0-9a-f]{40}"));
}

}  // namespace
}  // namespace ratchet::ratchetd
