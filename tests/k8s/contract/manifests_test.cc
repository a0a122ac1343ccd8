// The project's own kinds: what users of KubeDB's API write is taken whole, in every version.
#include <algorithm>

#include "tests/k8s/contract/suite.h"
#include "tests/k8s/provisioner/yaml.h"

namespace ratchet::k8s::contract {
namespace {

const Resource old_mysql{"kubedb.com", "v1alpha2", "mysqls", "MySQL", true};

// Where `kept` lacks something of `sent`; empty: nowhere.
std::string lost(const Json& sent, const Json& kept, const std::string& path) {
  if (sent.is_object() && kept.is_object()) {
    const std::string inside = path + ".";
    for (const auto& [name, value] : sent.items()) {
      std::string field = inside + name;
      if (!kept.contains(name)) return field;
      if (std::string inner = lost(value, kept[name], field); !inner.empty()) return inner;
    }
    return "";
  }
  if (sent.is_array() && kept.is_array() && sent.size() == kept.size()) {
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const std::string element = path + "[" + std::to_string(i) + "]";
      if (std::string inner = lost(sent[i], kept[i], element); !inner.empty()) return inner;
    }
    return "";
  }
  return sent == kept ? "" : path;
}

class Manifests : public Contract {
 protected:
  void define(const std::string& name, const std::vector<Resource>& served) {
    const std::string text = testing::read_source("k8s/manifests/crds/" + name + ".yaml");
    const Reply made = create(kinds::custom_resource_definition, testing::parse_yaml(text).front());
    ASSERT_TRUE(made.code == 201 || made.reason() == "AlreadyExists") << made.body;
    ASSERT_TRUE(eventually([&] {
      return std::all_of(served.begin(), served.end(),
                         [&](const Resource& kind) { return list(kind).ok(); });
    }));
    const std::string full = name + "." + served[0].group;
    const Reply defined = get(kinds::custom_resource_definition, full);
    names_ = defined.body["status"]["acceptedNames"];
  }

  // Creates every document of an example and hands on what was sent and what is there now.
  void each(const std::string& example, const std::function<void(const Json&, const Json&)>& look) {
    const std::string text =
        testing::read_source("tests/k8s/contract/examples/" + example + ".yaml");
    for (Json document : testing::parse_yaml(text)) {
      const Resource kind = kind_of(document);
      if (kind.namespaced) document["metadata"]["namespace"] = space_;
      const Reply made = create(kind, document);
      const std::string name = document["metadata"]["name"];
      ASSERT_TRUE(made.code == 201 || made.reason() == "AlreadyExists") << name << made.body;
      const Json there = get(kind, name).body;
      EXPECT_EQ(lost(document["spec"], there["spec"], "spec"), "") << name;
      look(document, there);
    }
  }

  Json names_;

 private:
  static Resource kind_of(const Json& document) {
    if (document["kind"] == "MySQLVersion") return kinds::mysql_version;
    if (document["kind"] == "MySQLOpsRequest") return kinds::mysql_ops_request;
    return document["apiVersion"] == "kubedb.com/v1" ? kinds::mysql : old_mysql;
  }
};

TEST_P(Manifests, AMySqlOfAnyEraIsTakenWholeInBothVersions) {
  define("mysqls", {kinds::mysql, old_mysql});
  EXPECT_EQ(names_["shortNames"], Json({"my"}));
  EXPECT_EQ(names_["categories"], Json({"datastore", "kubedb", "appscode", "all"}));
  each("mysql", [&](const Json& sent, const Json& there) {
    const std::string name = sent["metadata"]["name"];
    const Json older = get(old_mysql, name).body;
    const Json newer = get(kinds::mysql, name).body;
    EXPECT_EQ(older["apiVersion"], "kubedb.com/v1alpha2");
    EXPECT_EQ(newer["apiVersion"], "kubedb.com/v1");
    EXPECT_EQ(older["spec"], there["spec"]);
    EXPECT_EQ(newer["spec"], there["spec"]);
  });
}

TEST_P(Manifests, ARequestOfEveryTypeIsTakenWhole) {
  define("mysqlopsrequests", {kinds::mysql_ops_request});
  EXPECT_EQ(names_["shortNames"], Json({"myops"}));
  each("requests", [](const Json&, const Json&) {});
}

TEST_P(Manifests, AnEntryOfTheCatalogueIsTakenWhole) {
  define("mysqlversions", {kinds::mysql_version});
  EXPECT_EQ(names_["shortNames"], Json({"myversion"}));
  each("versions", [](const Json&, const Json&) {});
}

// Unknown to the schema it would be dropped, and the MySQL of this namespace worked on.
TEST_P(Manifests, AReferenceIntoAnotherNamespaceIsNotCutShort) {
  define("mysqlopsrequests", {kinds::mysql_ops_request});
  const Json reference = {{"name", "shop"}, {"namespace", "elsewhere"}};
  const Reply made =
      create(kinds::mysql_ops_request,
             object(kinds::mysql_ops_request, "abroad",
                    {{"spec", {{"type", "Restart"}, {"databaseRef", reference}, {"unknown", 1}}}}));
  ASSERT_EQ(made.code, 201) << made.body;
  EXPECT_EQ(made.body["spec"]["databaseRef"], reference);
  EXPECT_FALSE(made.body["spec"].contains("unknown"));
}

TEST_P(Manifests, WhatTheSchemaKnowsToBeWrongIsRefused) {
  define("mysqls", {kinds::mysql, old_mysql});
  const auto refusal = [&](Json spec) {
    return create(kinds::mysql, object(kinds::mysql, "bad", {{"spec", std::move(spec)}})).message();
  };
  EXPECT_EQ(refusal({{"replicas", 1}}),
            "MySQL.kubedb.com \"bad\" is invalid: spec.version: Required value");
  EXPECT_EQ(refusal({{"version", "8.0.29"}, {"deletionPolicy", "Pause"}}),
            "MySQL.kubedb.com \"bad\" is invalid: spec.deletionPolicy: Unsupported value: "
            "\"Pause\": supported values: \"Halt\", \"Delete\", \"WipeOut\", \"DoNotTerminate\"");
}

INSTANTIATE_TEST_SUITE_P(Server, Manifests, ::testing::ValuesIn(backend_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace ratchet::k8s::contract
