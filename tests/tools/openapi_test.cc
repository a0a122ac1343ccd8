// What is proved: docs/openapi.yaml and the daemon say the same: the routes, what an act takes, and
// the fields of real answers, in both directions.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "tests/tools/api_world.h"

namespace ratchet::ratchetd::testing {
namespace {

class OpenApi : public ::testing::Test {
 protected:
  // What a node stands for, through $ref.
  YAML::Node at(YAML::Node node) const {
    while (node["$ref"]) {
      const std::string to = node["$ref"].as<std::string>();
      YAML::Node found = YAML::Clone(file);
      for (std::size_t from = 2; from <= to.size();) {
        const std::size_t end = std::min(to.find('/', from), to.size());
        found.reset(YAML::Clone(found[to.substr(from, end - from)]));
        from = end + 1;
      }
      EXPECT_TRUE(found.IsMap()) << to << " is not there";
      node.reset(found);
    }
    return node;
  }
  YAML::Node operation(const Route& route) const {
    std::string method = route.method;
    std::ranges::transform(method, method.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return file["paths"][route.path][method];
  }
  YAML::Node answer_of(const std::string& name) const {
    for (const Route& route : routes()) {
      if (name == route.operation) {
        return at(operation(route)["responses"]["200"])["content"]["application/json"]["schema"];
      }
    }
    return {};
  }
  // The object has what is required, and nothing that is not described.
  void expect_fits(const Json& object, const YAML::Node& given, const std::string& what) const {
    const YAML::Node schema = at(given);
    ASSERT_TRUE(schema["properties"]) << what;
    for (const YAML::Node& name : schema["required"]) {
      EXPECT_TRUE(object.contains(name.as<std::string>())) << what << " lacks " << name;
    }
    const std::string inside = what + ".";
    for (const auto& [name, value] : object.items()) {
      const YAML::Node property = schema["properties"][name];
      EXPECT_TRUE(property) << what << " has " << name;
      if (!property) continue;
      if (value.is_object() && at(property)["properties"]) {
        expect_fits(value, property, inside + name);
      }
      const YAML::Node items = at(property)["items"];
      if (items && at(items)["properties"]) {
        EXPECT_FALSE(value.empty()) << what << ": no " << name << " to compare";
        for (const Json& item : value) expect_item_fits(item, items, inside + name);
      }
    }
  }
  // Events have more fields than are described.
  void expect_item_fits(const Json& item, const YAML::Node& items, const std::string& what) const {
    if (what != "showHistory.events") return expect_fits(item, items, what);
    for (const YAML::Node& name : at(items)["required"]) {
      EXPECT_TRUE(item.contains(name.as<std::string>())) << what << " lacks " << name;
    }
  }

  YAML::Node file = YAML::LoadFile(OPENAPI);
};

TEST_F(OpenApi, HasTheRoutesOfTheServerAndNoOthers) {
  std::set<std::string> served, described;
  for (const Route& route : routes()) {
    served.insert(std::string(route.path) + " " + route.operation);
    EXPECT_TRUE(operation(route)) << route.method << " " << route.path;
    const bool open = operation(route)["security"] && operation(route)["security"].size() == 0;
    EXPECT_EQ(open, *route.verb == '\0') << route.path;
  }
  for (const auto& path : file["paths"]) {
    for (const auto& method : path.second) {
      if (method.first.as<std::string>() == "parameters") continue;
      described.insert(path.first.as<std::string>() + " " +
                       method.second["operationId"].as<std::string>());
    }
  }
  EXPECT_EQ(served, described);
}

TEST_F(OpenApi, SaysWhatEachActTakes) {
  for (const Route& route : routes()) {
    const auto* act = std::get_if<Act>(&route.serve);
    if (act == nullptr) continue;
    std::set<std::string> fields{"reason"}, required{"reason"}, described, described_required;
    for (const Field& field : act->fields) {
      fields.insert(field.name);
      if (field.required) required.insert(field.name);
    }
    const YAML::Node schema =
        at(operation(route)["requestBody"])["content"]["application/json"]["schema"];
    for (const auto& property : schema["properties"]) {
      described.insert(property.first.as<std::string>());
    }
    for (const YAML::Node& name : schema["required"]) {
      described_required.insert(name.as<std::string>());
    }
    EXPECT_EQ(fields, described) << route.path;
    EXPECT_EQ(required, described_required) << route.path;
  }
}

TEST_F(OpenApi, DescribesRealAnswers) {
  ApiWorld world;
  world.begin();
  for (const char* run : {"a", "b"}) world.start(run, "asking");
  world.start("s", "stuck");
  const auto expect = [&](const char* name, const std::string& target) {
    expect_fits(world.get(target), answer_of(name), name);
  };
  expect("isAlive", "/healthz");
  expect("isReady", "/readyz");
  expect("listRuns", "/v1/runs?limit=1");
  expect("showRun", "/v1/runs/a");
  expect("showHistory", "/v1/runs/a/history?limit=1");
  expect("query", "/v1/runs/a/query/progress");
  const auto act = world.ask("POST", "/v1/runs/a/pause", R"({"reason": "why"})");
  expect_fits(Json::parse(act.body), answer_of("pause"), "pause");
  expect("listRuns", "/v1/runs");
  expect("showRun", "/v1/runs/a");
  const Json step = world.get("/v1/runs/s")["steps"][0];
  EXPECT_TRUE(step.contains("waits")) << "it is tried again in an hour";
  expect_fits(step, answer_of("showRun")["properties"]["steps"]["items"], "step");
  const auto refused = world.ask("GET", "/v1/runs/nobody");
  const YAML::Node error = at(file["components"]["responses"]["Error"]);
  expect_fits(Json::parse(refused.body), error["content"]["application/json"]["schema"], "error");
  EXPECT_EQ(world.ask("GET", "/metrics").headers.at("content-type").substr(0, 10), "text/plain");
}

// As the source has them: some answers no test brings about.
std::set<std::string> codes_in_source() {
  std::set<std::string> codes;
  const std::regex coded(R"re(refusal\(\s*[0-9]+,\s*"([a-z_]+)")re");
  for (const auto& entry : std::filesystem::directory_iterator(API_SOURCES)) {
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), coded), end; at != end; ++at) {
      codes.insert((*at)[1].str());
    }
  }
  return codes;
}

TEST_F(OpenApi, NamesTheCodesOfErrorsAndNoOthers) {
  std::string said = file["components"]["responses"]["Error"]["description"].as<std::string>();
  said = said.substr(said.find("Codes are ") + 10);
  said = std::regex_replace(said, std::regex(R"(\([^)]*\))"), "");
  std::set<std::string> named;
  const std::regex word("[a-z_]+");
  for (std::sregex_iterator at(said.begin(), said.end(), word), end; at != end; ++at) {
    if (at->str() != "and") named.insert(at->str());
  }
  EXPECT_EQ(named, codes_in_source());
}

TEST_F(OpenApi, EveryOptionThatItDescribesIsTaken) {
  ApiWorld world;
  world.begin();
  world.start("a", "asking");
  for (const Route& route : routes()) {
    std::string target = route.path;
    if (target.find("{run}") != std::string::npos) target.replace(target.find("{run}"), 5, "a");
    for (const YAML::Node& given : operation(route)["parameters"]) {
      const YAML::Node parameter = at(given);
      if (parameter["in"].as<std::string>() != "query") continue;
      const bool number = parameter["schema"]["type"].as<std::string>() == "integer";
      const std::string name = parameter["name"].as<std::string>();
      const std::string value = name == "state" ? "=running" : number ? "=1" : "=a";
      std::string options = name == "follow" ? "?" : "?" + name;
      if (name != "follow") options += value;
      if (std::holds_alternative<Stream>(route.serve)) {  // else it does not end
        options += std::string(options == "?" ? "" : "&") + "follow=false";
      }
      EXPECT_EQ(world.ask("GET", target + options).status, 200) << target << name;
    }
  }
}

}  // namespace
}  // namespace ratchet::ratchetd::testing
