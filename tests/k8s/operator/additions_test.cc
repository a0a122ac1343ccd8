// Every condition and every reason of an Event that a request can get is in the manual, whether it
// is KubeDB's or ours. Red for one that is added to the code alone.
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace ratchet::k8s {
namespace {

std::string text_of(const std::string& file) {
  std::ifstream in(std::string(PROJECTION_ROOT) + "/" + file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// As the code says them.
std::set<std::string> words_of_requests() {
  static const std::regex said(R"re((?:condition|restate|announce|sub_step)\(\s*"([A-Za-z]+)")re");
  static const std::regex of_type(R"re(\{"([A-Z][A-Za-z]+)", "[A-Z][A-Za-z]+",)re");
  std::set<std::string> words;
  for (const char* file : {"projection", "admission", "request_types"}) {
    const std::string code = text_of("k8s/operator/" + std::string(file) + ".cc");
    for (const std::regex* pattern : {&said, &of_type}) {
      for (std::sregex_iterator at(code.begin(), code.end(), *pattern), end; at != end; ++at) {
        words.insert((*at)[1].str());
      }
    }
  }
  return words;
}

TEST(WordsOfRequests, AreAllInTheManual) {
  const std::string manual = text_of("docs/OPERATING.md");
  const std::set<std::string> words = words_of_requests();
  EXPECT_GE(words.size(), 25U) << "they were not found in the code";
  for (const std::string& word : words) {
    EXPECT_NE(manual.find("`" + word + "`"), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace ratchet::k8s
