// What is proved: what ratchetd's command line says about runs is read as it is meant, or refused
// with what is wrong.
#include "tools/ratchetd/run_rules.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ratchet::ratchetd {
namespace {

using namespace std::chrono_literals;

template <class Read>
std::string refused(Read read, const std::vector<std::string>& rules) {
  try {
    read(rules);
    return "it was not";
  } catch (const std::invalid_argument& why) {
    return why.what();
  }
}

TEST(RunRules, AreRead) {
  const engine::KeepFor keep = keep_for({"completed=400", "failed=36500"});
  EXPECT_EQ(keep.size(), 2u);
  EXPECT_EQ(keep.at(engine::RunState::completed), 400 * 24h);
  EXPECT_EQ(keep.at(engine::RunState::failed), 36'500 * 24h);
  EXPECT_TRUE(keep_for({}).empty());
  EXPECT_EQ(open_limits({"update_version=20"}).at("update_version"), 20u);
}

TEST(RunRules, AreRefusedWithWhatIsWrong) {
  for (const char* rule : {"completed", "completed=", "completed=0", "completed=1d", "=3",
                           "completed=-1", "completed=36501", "completed=99999999999999999999"}) {
    EXPECT_EQ(refused(keep_for, {rule}),
              "'" + std::string(rule) + "' is not OUTCOME=DAYS, with a number from 1 to 36500");
  }
  EXPECT_EQ(refused(keep_for, {"running=3"}),
            "a run cannot end as 'running': an outcome is one of completed, failed, cancelled, "
            "terminated, continued");
  EXPECT_EQ(refused(keep_for, {"failed=3", "failed=4"}),
            "it is said twice how long runs stay that ended as failed");
  EXPECT_EQ(refused(open_limits, {"update_version=none"}),
            "'update_version=none' is not WORKFLOW=N, with a number from 1 to 1000000");
  EXPECT_EQ(refused(open_limits, {"w=1", "w=2"}),
            "it is said twice how many runs of w are open at once");
}

}  // namespace
}  // namespace ratchet::ratchetd
