// What is proved: /metrics is text that Prometheus reads, by its conventions (those that `promtool
// check metrics` warns of): help and a type before the values of each metric, which stand together;
// counters, and they alone, end in _total; units are base units; names say whose they are.
#include <chrono>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/tools/api_world.h"

namespace ratchet::ratchetd::testing {
namespace {

class Exposition {
 public:
  void read(const std::string& line) {
    std::smatch found;
    if (std::regex_match(line, found, about_)) {
      auto& known = found[1].str() == "HELP" ? help_ : type_;
      EXPECT_TRUE(known.emplace(found[2].str(), found[3].str()).second) << "twice: " << line;
      return;
    }
    ASSERT_TRUE(std::regex_match(line, found, value_)) << line;
    const std::string name = found[1].str();
    if (name != last_) {
      EXPECT_TRUE(seen_.insert(name).second) << "not together with the others: " << line;
      judge(name);
    }
    last_ = name;
  }
  std::size_t metrics() const { return seen_.size(); }

 private:
  void judge(const std::string& name) {
    EXPECT_TRUE(help_.contains(name)) << name;
    ASSERT_TRUE(type_.contains(name)) << name;
    EXPECT_EQ(type_[name] == "counter", name.ends_with("_total")) << name;
    EXPECT_TRUE(name.starts_with("ratchet_") || name.starts_with("process_")) << name;
    EXPECT_FALSE(std::regex_search(name, odd_)) << name;
  }

  const std::regex about_{"# (HELP|TYPE) ([a-z_]+) (.+)"};
  const std::regex value_{R"re(([a-z_]+)(\{([a-z_]+="[^"\\]*",?)+\})? [-+.0-9e]+)re"};
  const std::regex odd_{"_(ms|milliseconds|minutes|hours|days|kb|mb|gauge|counter)(_|$)"};
  std::map<std::string, std::string> help_, type_;
  std::set<std::string> seen_;
  std::string last_;
};

TEST(Metrics, FollowTheConventionsOfPrometheus) {
  ApiWorld world;
  world.options.fence_ends = [] { return std::vector{engine::Time(std::chrono::seconds(60))}; };
  world.begin();
  world.start("a", "asking");
  world.start("b", "waiting");
  world.ask("POST", "/v1/runs/b/pause", R"({"reason": "why"})");
  world.ask("GET", "/v1/runs/nobody");
  const std::string text = world.ask("GET", "/metrics").body;
  ASSERT_TRUE(text.ends_with("\n"));
  std::istringstream in(text);
  Exposition exposition;
  for (std::string line; std::getline(in, line);) exposition.read(line);
  EXPECT_GE(exposition.metrics(), 17U);
}

}  // namespace
}  // namespace ratchet::ratchetd::testing
