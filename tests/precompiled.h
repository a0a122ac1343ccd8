#pragma once

// What most tests include (Precompiled.cmake), and what they compare most often.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/cmake/precompiled.h"

namespace ratchet::precompiled {

// Never called: templates that are needed here are instantiated once, for all tests.
inline void comparisons() {
  const std::string text;
  EXPECT_EQ(text, text) << text;
  EXPECT_EQ(text, "text");
  EXPECT_EQ(text.size(), 1);
  EXPECT_EQ(text.size(), 1U);
  EXPECT_THAT(text, testing::HasSubstr("text"));

  const std::vector<std::string> texts;
  EXPECT_EQ(texts, texts);
  EXPECT_THAT(texts, testing::ElementsAre("text", "text"));
  EXPECT_THAT(texts, testing::ElementsAre(testing::HasSubstr("text")));
  EXPECT_THAT(texts, testing::Contains("text"));
  EXPECT_THAT(texts, testing::IsEmpty());
  EXPECT_THAT(texts, testing::SizeIs(1));

  const auto json = nlohmann::json::parse("{}");
  nlohmann::json other = {{"key", {{"key", text}}}, {"list", {1, 2}}};
  other["key"] = json.get<std::string>();
  other["texts"] = texts;
  EXPECT_EQ(json, other) << json.dump(2);
  EXPECT_EQ(json["key"], "text");
  EXPECT_EQ(json.at("key"), text);
  EXPECT_EQ(json.value("key", "text"), "text");
  EXPECT_EQ(json.get<int>(), 1);
  EXPECT_TRUE(json.contains("key"));
}

}  // namespace ratchet::precompiled
