#include "store/keys.h"

#include <gtest/gtest.h>

namespace ratchet::store {
namespace {

using namespace std::string_literals;

Fault fault_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.fault();
  }
  ADD_FAILURE() << "no store::Error was thrown";
  return Fault::io;
}

TEST(Keys, HaveTheBytesOfTheFormat) {
  Hash hash{};
  hash[0] = 0xab;
  EXPECT_EQ(record_key(0x0102).view(), "L\0\0\0\0\0\0\x01\x02"s);
  EXPECT_EQ(pruned_key(1).view(), "K\0\0\0\0\0\0\0\x01"s);
  EXPECT_EQ(turn_key({1, 0x0203}).view(), "R\0\0\0\0\0\0\0\x01\0\0\x02\x03"s);
  EXPECT_EQ(blob_key(1, hash).view(), "B\0\0\0\0\0\0\0\x01\xab"s + std::string(31, '\0'));
  EXPECT_EQ(subtree_key(2, 7).view(), "T\x02\0\0\0\0\0\0\0\x07"s);
  EXPECT_EQ(projection_key("runs/1"), "Pruns/1");
}

TEST(Keys, SortAsTheirNumbersDo) {
  EXPECT_LT(record_key(255).view(), record_key(256).view());
  EXPECT_LT(turn_key({1, 0xffffffff}).view(), turn_key({2, 0}).view());
}

TEST(Keys, HeadSurvivesItsEncoding) {
  Head head{"0123456789abcdef", 77, {}, 3};
  head.root.fill(0x5a);
  EXPECT_EQ(encode_head(head).size(), 65U);
  EXPECT_EQ(decode_head(encode_head(head)), head);
}

TEST(Keys, RefuseAHeadOfANewerFormatOrAnotherSize) {
  std::string bytes = encode_head(Head{"0123456789abcdef", 1, {}, 1});
  EXPECT_EQ(fault_of([&] { decode_head(bytes + "x"); }), Fault::corrupt);
  EXPECT_EQ(fault_of([&] { decode_head(""); }), Fault::corrupt);
  bytes[0] = 2;
  EXPECT_EQ(fault_of([&] { decode_head(bytes); }), Fault::unsupported);
  EXPECT_EQ(fault_of([&] { decode_index("1234567", "R"); }), Fault::corrupt);
  EXPECT_EQ(fault_of([&] { decode_hash("", "T"); }), Fault::corrupt);
}

TEST(Keys, EndOfPrefixIsAboveEveryKeyWithIt) {
  EXPECT_EQ(end_of_prefix("Pa"), "Pb");
  EXPECT_EQ(end_of_prefix("P\xff\xff"), "Q");
  EXPECT_EQ(end_of_prefix("\xff"), "");
}

}  // namespace
}  // namespace ratchet::store
