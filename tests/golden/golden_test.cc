// What is proved: bytes that format level 1 has ever written are read to the same meaning for ever,
// and are still written so, unless a stanza says that its encoding was superseded. Every kind of
// record, definition and event has a stanza.
#include "tests/golden/golden.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "engine/core/summary.h"
#include "store/checkpoint.h"
#include "store/keys.h"
#include "store/merkle.h"
#include "tests/golden/fields.h"

namespace ratchet::engine::golden {
namespace {

constexpr const char* what_to_do =
    "\nLogs with these bytes exist. The code must read them to this text: do not change the hex or "
    "the text of a stanza. New fields go to the end of an event's structure. If today's encoding "
    "of "
    "the same data differs on purpose, write ` (decodes only)` behind the stanza's name and append "
    "what `build/dev/bin/golden_records KIND` prints.";

bool is_summary(const Golden& golden) { return golden.name.starts_with("RunSummary"); }

TEST(GoldenRecords, AreReadToTheSameMeaning) {
  Definitions definitions;
  for (const Golden& golden : read_goldens()) {
    const std::string bytes = from_hex(golden.hex);
    try {
      EXPECT_EQ(is_summary(golden) ? text_of(decode_summary(bytes)) : meaning(bytes, definitions),
                golden.text)
          << golden.name << what_to_do;
    } catch (const std::exception& error) {
      ADD_FAILURE() << golden.name << ": " << error.what() << what_to_do;
    }
  }
}

TEST(GoldenRecords, AreWrittenInTheSameBytes) {
  Definitions definitions;
  for (const Golden& golden : read_goldens()) {
    if (!is_summary(golden)) meaning(from_hex(golden.hex), definitions);
  }
  define_names(definitions);
  EXPECT_TRUE(definitions.take_fresh().empty())
      << "a definition is written in other bytes than the golden one" << what_to_do;
  for (const Golden& golden : read_goldens()) {
    if (golden.decodes_only) continue;
    const std::string bytes = from_hex(golden.hex);
    const auto again = is_summary(golden) ? std::optional(encode(decode_summary(bytes)))
                                          : encoded_again(bytes, definitions);
    if (again) EXPECT_EQ(store::to_hex(*again), golden.hex) << golden.name << what_to_do;
  }
}

TEST(GoldenRecords, CoverEveryKind) {
  std::set<std::string> missing = all_kinds();
  for (const Golden& golden : read_goldens()) {
    if (is_summary(golden)) continue;
    for (const std::string& kind : kinds_in(from_hex(golden.hex))) missing.erase(kind);
  }
  for (const std::string& kind : missing) {
    ADD_FAILURE() << kind << " has no stanza in tests/golden/records.txt: append what "
                  << "`build/dev/bin/golden_records` prints";
  }
}

// The store's own bytes: keys, head, checkpoint.
std::map<std::string, std::string> store_bytes() {
  store::Hash hash{};
  for (std::size_t i = 0; i < hash.size(); ++i) hash[i] = static_cast<std::uint8_t>(i);
  const store::Head head{"0123456789abcdef", 0x010203, hash, 5};
  return {
      {"key of record 258", std::string(store::record_key(258).view())},
      {"key of pruned record 258", std::string(store::pruned_key(258).view())},
      {"key of turn 515 of run 258", std::string(store::turn_key({258, 515}).view())},
      {"key of a blob of run 258", std::string(store::blob_key(258, hash).view())},
      {"key of subtree 258 of level 2", std::string(store::subtree_key(2, 258).view())},
      {"key of projection run/golden1", store::projection_key("run/golden1")},
      {"key of projection def 258", store::projection_key(definition_key(258))},
      {"key of the head", std::string(store::head_key)},
      {"head", store::encode_head(head)},
      {"index 258", store::encode_index(258)},
      {"checkpoint of that head", store::to_checkpoint(head)},
      {"leaf hash of \"golden\"", std::string(store::hash_view(store::leaf_hash("golden")))},
      {"node hash of two of them", std::string(store::hash_view(store::node_hash(
                                       store::leaf_hash("golden"), store::leaf_hash("golden"))))}};
}

TEST(GoldenStore, HasTheSameBytes) {
  std::map<std::string, std::string> now = store_bytes();
  for (const Golden& golden : read_store_goldens()) {
    const auto it = now.find(golden.name);
    ASSERT_NE(it, now.end()) << golden.name << " is not computed any more";
    EXPECT_EQ(store::to_hex(it->second), golden.hex) << golden.name << what_to_do;
    now.erase(it);
  }
  for (const auto& [name, bytes] : now) {
    ADD_FAILURE() << "tests/golden/store.txt lacks the stanza\n-- " << name << "\n"
                  << store::to_hex(bytes);
  }
  const store::Head head = store::decode_head(store_bytes()["head"]);
  EXPECT_EQ(store::to_checkpoint(head), store_bytes()["checkpoint of that head"]);
}

// The check itself: what a careless change would do to a stanza is noticed.
TEST(GoldenRecords, NoticeOtherBytes) {
  for (const Golden& golden : read_goldens()) {
    if (golden.name != "StepFailed") continue;
    std::string bytes = from_hex(golden.hex);
    ++bytes.back();
    Definitions definitions;
    std::string read;
    try {
      read = meaning(bytes, definitions);
    } catch (const std::exception& error) {
      read = error.what();
    }
    EXPECT_NE(read, golden.text);
    return;
  }
  FAIL() << "no stanza StepFailed";
}

}  // namespace
}  // namespace ratchet::engine::golden
