// What is proved: an anchor is a checkpoint in an annotation of the Lease, signed if there is a
// key.
#include "k8s/operator/lease_anchor.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "store/checkpoint.h"
#include "store/note.h"
#include "tests/k8s/client/memory_api.h"
#include "tests/k8s/http/loop.h"

namespace ratchet::k8s {
namespace {

// Of the reference implementation of signed notes.
constexpr const char* private_key =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n";

struct LeaseAnchorTest : ::testing::Test {
  LeaseAnchorTest() { loop.run(lease.acquire()); }

  static LeaseOptions options() {
    LeaseOptions how;
    how.key = {"ops", "ratchet"};
    how.identity = "a";
    how.duration = std::chrono::seconds(60);
    return how;
  }
  std::string written_by(LeaseAnchor& anchor) {
    bool done = false;
    anchor.write(head, [&done](const std::string& why) {
      EXPECT_EQ(why, "");
      done = true;
    });
    loop.until([&done] { return done; });
    return lease.annotation(anchor_annotation).value_or("nothing");
  }

  http::testing::Loop loop;
  std::shared_ptr<testing::MemoryApi> api = std::make_shared<testing::MemoryApi>();
  Lease lease{loop.executor(), api, options(), [] {}};
  store::Head head{"0123456789abcdef", 7, {}, 1};
};

TEST_F(LeaseAnchorTest, IsACheckpoint) {
  LeaseAnchor anchor(loop.executor(), lease);
  EXPECT_EQ(anchor.read(), std::nullopt);
  EXPECT_EQ(anchor.kept(), "");
  EXPECT_EQ(written_by(anchor), store::to_checkpoint(head));
  EXPECT_EQ(anchor.kept(), store::to_checkpoint(head));
  EXPECT_EQ(anchor.read()->size, 7U);
}

TEST_F(LeaseAnchorTest, IsSignedByTheKeyOfTheDaemon) {
  const auto key = store::NoteSigner::parse(private_key, "");
  LeaseAnchor anchor(loop.executor(), lease, key);
  const store::Note note = store::parse_note(written_by(anchor));
  EXPECT_EQ(note.text, store::to_checkpoint(head));
  EXPECT_NO_THROW(store::require_signature(note, key.verifier()));
  EXPECT_EQ(anchor.kept(), store::to_text(note)) << "the signature goes with every copy";
  EXPECT_EQ(anchor.read()->size, 7U);
  EXPECT_EQ(anchor.read()->log_id, head.log_id);
}

}  // namespace
}  // namespace ratchet::k8s
