// A head written as a checkpoint comes back the same, in the bytes that the public format asks
// for; anything else is refused with the line that is wrong.
#include "store/checkpoint.h"

#include <gtest/gtest.h>

#include "store/merkle.h"

namespace ratchet::store {
namespace {

Head some_head() {
  Head head;
  head.log_id = "0123456789abcdef";
  head.size = 42;
  head.root = sha256("root");
  return head;
}

TEST(Checkpoint, HasTheThreeLinesOfThePublicFormat) {
  EXPECT_EQ(to_checkpoint(some_head()),
            "ratchet.dev/log/30313233343536373839616263646566\n42\n"
            "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n");
}

TEST(Checkpoint, ReadsWhatItWrote) {
  EXPECT_EQ(from_checkpoint(to_checkpoint(some_head())), some_head());
}

TEST(Checkpoint, RefusesEveryOtherText) {
  const std::string good = to_checkpoint(some_head());
  const auto refused = [](const std::string& text) {
    try {
      from_checkpoint(text);
      return false;
    } catch (const Error& error) {
      return error.fault() == Fault::corrupt;
    }
  };
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_TRUE(refused(good.substr(0, cut))) << cut;
  }
  EXPECT_TRUE(refused("example.com/log\n42\n" + good.substr(good.find("42\n") + 3)));
  EXPECT_TRUE(refused("ratchet.dev/log/30313233343536373839616263646566\n042\n" +
                      good.substr(good.find("42\n") + 3)));
}

}  // namespace
}  // namespace ratchet::store
