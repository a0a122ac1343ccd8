// What is proved: `ratchetctl backup` of a log that is written meanwhile verifies, carries its
// checkpoint, and is what `restore` takes; a damaged log has no backup.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/checkpoint.h"
#include "store/rocks_log.h"
#include "tests/engine/recording.h"
#include "tests/tools/log_folder.h"
#include "tools/ratchetctl/ctl.h"

namespace ratchet::ratchetctl {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Answer {
  int code = -1;
  std::string out;
  std::string err;
};

class BackupCommand : public ::testing::Test {
 protected:
  BackupCommand() : dir(folder.path("log")) {
    outside.disk =
        engine::testing::memory_disk_of(std::make_shared<store::MemoryDisk>(make_log(dir)));
    record_lisbon(outside);
    source = reader_of(outside);
  }

  static Answer ctl(const std::string& log, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--log", log});
    std::ostringstream out, err;
    const int code = run(arguments, {}, {out, err, {}});
    return {code, out.str(), err.str()};
  }
  static std::string content(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string anchor(const store::Head& head) const {
    std::ofstream(folder.path("anchor"), std::ios::binary) << store::to_checkpoint(head);
    return folder.path("anchor");
  }

  Folder folder;
  std::string dir;
  engine::testing::Outside outside;
  std::unique_ptr<store::LogReader> source;
};

TEST_F(BackupCommand, OfALiveLogVerifiesAndCarriesItsCheckpoint) {
  auto live = store::open_rocks_log(dir);
  Copier copier(*source);
  for (std::uint64_t end = 2; end <= source->head().size; ++end) {
    copier.copy(*live, end);  // durable some time later, on another thread
    const std::string to = folder.path("backup" + std::to_string(end));
    const Answer made = ctl(dir, {"backup", "--to", to});
    ASSERT_EQ(made.code, Exit::well) << made.err;
    EXPECT_THAT(made.out, HasSubstr("records into " + to + "; they verify"));
    EXPECT_THAT(made.out, HasSubstr("restore --anchor"));
    const Answer whole = ctl(to, {"verify", "--anchor", to + "/checkpoint"});
    EXPECT_EQ(whole.code, Exit::well) << whole.out << whole.err;
    const store::Head head = store::from_checkpoint(content(to + "/checkpoint"));
    EXPECT_LE(head.size, end);
    EXPECT_EQ(source->root(head.size), head.root) << "the log extends its backup";
  }
  live.reset();
  const std::string to = folder.path("last");
  ASSERT_EQ(ctl(dir, {"backup", "--to", to}).code, Exit::well);
  EXPECT_EQ(store::from_checkpoint(content(to + "/checkpoint")).root, source->head().root);
}

TEST_F(BackupCommand, IsWhatRestoreTakes) {
  Copier copier(*source);
  const std::string to = folder.path("backup");
  store::Head newer;
  {
    const auto live = store::open_rocks_log(dir);
    copier.copy(*live, source->head().size - 2);
  }
  ASSERT_EQ(ctl(dir, {"backup", "--to", to}).code, Exit::well);
  {
    const auto live = store::open_rocks_log(dir);
    copier.copy_all(*live);
  }
  newer = store::open_rocks_reader(dir)->head();
  const Answer restored = ctl(to, {"restore", "--anchor", anchor(newer), "--accept-loss",
                                   "--reason", "the volume is gone"});
  EXPECT_EQ(restored.code, Exit::well) << restored.err;
  EXPECT_EQ(ctl(to, {"verify"}).code, Exit::well) << ctl(to, {"verify"}).out;
}

TEST_F(BackupCommand, OfADamagedLogIsNotMade) {
  {
    Copier(*source).copy_all(*store::open_rocks_log(dir));
  }
  const std::string to = folder.path("backup");
  store::Head other = source->head();
  other.root[0] ^= 1;
  const Answer refused = ctl(dir, {"backup", "--to", to, "--anchor", anchor(other)});
  EXPECT_EQ(refused.code, Exit::damaged);
  EXPECT_THAT(refused.err, HasSubstr("there is no backup of it"));
  EXPECT_FALSE(fs::exists(to));
  const Answer extends = ctl(dir, {"backup", "--to", to, "--anchor", anchor(source->head())});
  EXPECT_EQ(extends.code, Exit::well) << extends.err;
  EXPECT_THAT(extends.out, HasSubstr("and extend"));
}

TEST_F(BackupCommand, SaysWhatIsWrongWithItsInput) {
  const std::string to = folder.path("backup");
  EXPECT_EQ(ctl(dir, {"backup"}).code, Exit::usage);
  EXPECT_EQ(ctl(folder.path("nothing"), {"backup", "--to", to}).code, Exit::not_found);
  {
    Copier(*source).copy_all(*store::open_rocks_log(dir));
  }
  fs::create_directory(to);
  const Answer exists = ctl(dir, {"backup", "--to", to});
  EXPECT_EQ(exists.code, Exit::failed);
  EXPECT_THAT(exists.err, HasSubstr(to + " exists: name a folder that does not"));
  EXPECT_TRUE(fs::exists(to));
  const Answer document = ctl(dir, {"-o", "json", "backup", "--to", folder.path("other")});
  EXPECT_EQ(document.code, Exit::well) << document.err;
  EXPECT_THAT(document.out, HasSubstr("\"checkpoint\""));
}

}  // namespace
}  // namespace ratchet::ratchetctl
