#include "k8s/provisioner/gtid_set.h"

#include <gtest/gtest.h>

#include "tests/k8s/provisioner/group_story.h"

namespace ratchet::k8s::provisioner {
namespace {

TEST(GtidSets, AreReadAndWrittenAsTheServerDoes) {
  const std::string a = id_of(1);
  const std::string b = id_of(2);
  EXPECT_EQ(set("").text(), "");
  EXPECT_EQ(set(a + ":1-3:5,\n" + b + ":7").text(), a + ":1-3:5," + b + ":7");
  EXPECT_EQ(set(a + ":4-5:1-3").text(), a + ":1-5") << "neighbours are one range";
  EXPECT_EQ(set(a + ":1-2:blue:1:3-4").minus(set(a + ":1-2")), set(a + ":blue:1:3-4"));
  for (const char* bad : {"x", ":", "", ":1-", ":3-2", ":0", ":blue", ":1:blue", ":-1", ":1,"}) {
    EXPECT_FALSE(GtidSet::parse(a + bad).has_value()) << bad;
  }
}

TEST(GtidSets, AddSubtractAndContain) {
  EXPECT_EQ(tx("1-5").plus(tx("4-9")), tx("1-9"));
  EXPECT_EQ(tx("1-9").minus(tx("3-4:9")), tx("1-2:5-8"));
  EXPECT_EQ(tx("1-9").minus(tx("1-9")), GtidSet());
  EXPECT_TRUE(tx("1-9").contains(tx("2:4-5")));
  EXPECT_FALSE(tx("1-9").contains(tx("10")));
  EXPECT_FALSE(tx("1-9").contains(set(id_of(1) + ":1")));
  EXPECT_TRUE(set(id_of(1) + ":1:blue:2").only_from(id_of(1)));
  EXPECT_FALSE(tx("1").plus(set(id_of(1) + ":1")).only_from(id_of(1)));
}

}  // namespace
}  // namespace ratchet::k8s::provisioner
