// What every object obeys: identity, versions, conflicts, deletion.
#include <set>
#include <utility>

#include "tests/k8s/contract/suite.h"

namespace ratchet::k8s::contract {
namespace {

INSTANTIATE_TEST_SUITE_P(Server, Contract, testing::ValuesIn(backend_names()),
                         [](const auto& test) { return test.param; });

TEST_P(Contract, ACreatedObjectHasIdentityAndComesBackTheSame) {
  const Reply made =
      create(kinds::config_map, object(kinds::config_map, "a", {{"data", {{"k", "v"}}}}));
  ASSERT_EQ(made.code, 201) << made.body;
  EXPECT_EQ(made.body["metadata"]["uid"].get<std::string>().size(), 36U);
  EXPECT_FALSE(made.body["metadata"]["resourceVersion"].get<std::string>().empty());
  EXPECT_TRUE(made.body["metadata"]["creationTimestamp"].get<std::string>().ends_with("Z"));
  EXPECT_EQ(get(kinds::config_map, "a").body, made.body);
}

TEST_P(Contract, CreatingTwiceIsAlreadyExists) {
  ASSERT_TRUE(create(kinds::config_map, object(kinds::config_map, "a")).ok());
  const Reply again = create(kinds::config_map, object(kinds::config_map, "a"));
  EXPECT_EQ(again.code, 409);
  EXPECT_EQ(again.reason(), "AlreadyExists");
  EXPECT_EQ(again.message(), "configmaps \"a\" already exists");
}

TEST_P(Contract, AMissingObjectIsNotFoundByName) {
  define_widgets();
  const Reply none = get(widget, "x");
  EXPECT_TRUE(none.not_found());
  EXPECT_EQ(none.reason(), "NotFound");
  EXPECT_EQ(none.message(), "widgets.contract.ratchet.dev \"x\" not found");
  EXPECT_TRUE(remove(widget, "x").not_found());
  EXPECT_TRUE(patch(kinds::pod, "x", Json::object()).not_found());
}

TEST_P(Contract, NothingIsCreatedInAMissingNamespace) {
  Json lost = object(kinds::config_map, "a");
  lost["metadata"]["namespace"] = "not-there";
  const Reply refused = create(kinds::config_map, lost);
  EXPECT_EQ(refused.code, 404);
  EXPECT_EQ(refused.message(), "namespaces \"not-there\" not found");
}

TEST_P(Contract, AnUpdateFromAnOldReadIsAConflict) {
  const Json first = create(kinds::config_map, object(kinds::config_map, "a")).body;
  Json second = first;
  second["data"]["k"] = "1";
  ASSERT_EQ(update(kinds::config_map, second).code, 200);
  Json third = first;
  third["data"]["k"] = "2";
  const Reply refused = update(kinds::config_map, third);
  EXPECT_TRUE(refused.conflict());
  EXPECT_EQ(refused.reason(), "Conflict");
  EXPECT_EQ(refused.message(),
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; "
            "please apply your changes to the latest version and try again");
  EXPECT_EQ(get(kinds::config_map, "a").body["data"]["k"], "1");
}

TEST_P(Contract, AnUpdateThatChangesNothingKeepsTheVersion) {
  const Json made =
      create(kinds::config_map, object(kinds::config_map, "a", {{"data", {{"k", "v"}}}})).body;
  const Reply same = update(kinds::config_map, made);
  EXPECT_EQ(same.code, 200);
  EXPECT_EQ(same.body["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
}

TEST_P(Contract, AnUpdateOfAnotherObjectOfThatNameIsAConflict) {
  Json made = create(kinds::config_map, object(kinds::config_map, "a")).body;
  made["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000";
  made["metadata"].erase("resourceVersion");
  EXPECT_TRUE(update(kinds::config_map, made).conflict());
}

TEST_P(Contract, AMergePatchRemovesWhatIsNull) {
  create(kinds::config_map,
         object(kinds::config_map, "a", {{"data", {{"keep", "1"}, {"drop", "2"}}}}));
  const Reply patched =
      patch(kinds::config_map, "a", {{"data", {{"drop", nullptr}, {"new", "3"}}}});
  ASSERT_EQ(patched.code, 200) << patched.body;
  EXPECT_EQ(patched.body["data"], Json({{"keep", "1"}, {"new", "3"}}));
}

TEST_P(Contract, AMergePatchWithAnOldVersionIsAConflict) {
  const Json made = create(kinds::config_map, object(kinds::config_map, "a")).body;
  patch(kinds::config_map, "a", {{"data", {{"k", "1"}}}});
  const Json guard = {{"resourceVersion", made["metadata"]["resourceVersion"]}};
  EXPECT_TRUE(
      patch(kinds::config_map, "a", {{"metadata", guard}, {"data", {{"k", "2"}}}}).conflict());
  EXPECT_EQ(get(kinds::config_map, "a").body["data"]["k"], "1");
}

TEST_P(Contract, AGeneratedNameIsUnique) {
  std::set<std::string> names;
  for (int i = 0; i < 3; ++i) {
    Json unnamed = object(kinds::config_map, "");
    unnamed["metadata"].erase("name");
    unnamed["metadata"]["generateName"] = "made-";
    const Reply made = create(kinds::config_map, unnamed);
    ASSERT_EQ(made.code, 201) << made.body;
    names.insert(made.body["metadata"]["name"].get<std::string>());
  }
  EXPECT_EQ(names.size(), 3U);
  EXPECT_TRUE(names.begin()->starts_with("made-"));
}

TEST_P(Contract, ABadNameIsInvalid) {
  const Reply refused = create(kinds::config_map, object(kinds::config_map, "Not_Good"));
  EXPECT_TRUE(refused.invalid());
  EXPECT_EQ(refused.body["details"]["causes"][0]["field"], "metadata.name");
}

TEST_P(Contract, ListsAreSelectedByLabelAndByName) {
  for (const char* name : {"a", "b", "c"}) {
    const char* colour = name == std::string("c") ? "blue" : "red";
    create(kinds::config_map,
           object(kinds::config_map, name, {{"metadata", {{"labels", {{"colour", colour}}}}}}));
  }
  const auto names = [&](ListOptions options) {
    std::set<std::string> found;
    const Json all = list(kinds::config_map, std::move(options)).body;
    for (const Json& item : all["items"]) {
      const auto name = item["metadata"]["name"].get<std::string>();
      if (name.size() == 1) found.insert(name);  // not kube-root-ca.crt
    }
    return found;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(names({"colour=red", ""}), (Names{"a", "b"}));
  EXPECT_EQ(names({"colour in (blue)", ""}), (Names{"c"}));
  EXPECT_EQ(names({"colour,colour!=red", ""}), (Names{"c"}));
  EXPECT_EQ(names({"", "metadata.name=b"}), (Names{"b"}));
}

TEST_P(Contract, APagedListIsWhole) {
  std::set<std::string> expected;
  for (int i = 0; i < 7; ++i) {
    expected.insert("page-" + std::to_string(i));
    create(kinds::secret, object(kinds::secret, "page-" + std::to_string(i)));
  }
  ListOptions options;
  options.page = 3;
  const Reply whole = list(kinds::secret, options);
  std::set<std::string> found;
  for (const Json& item : whole.body["items"]) {
    found.insert(item["metadata"]["name"].get<std::string>());
  }
  EXPECT_EQ(found, expected);
  EXPECT_FALSE(whole.body["metadata"]["resourceVersion"].get<std::string>().empty());
}

TEST_P(Contract, ADeletionOfAnotherUidOrVersionIsAConflict) {
  const Json made = create(kinds::config_map, object(kinds::config_map, "a")).body;
  const auto uid = made["metadata"]["uid"].get<std::string>();
  const auto version = made["metadata"]["resourceVersion"].get<std::string>();
  EXPECT_TRUE(remove(kinds::config_map, "a", {"another", ""}).conflict());
  patch(kinds::config_map, "a", {{"data", {{"k", "v"}}}});
  EXPECT_TRUE(remove(kinds::config_map, "a", {uid, version}).conflict());
  EXPECT_TRUE(get(kinds::config_map, "a").ok());
  EXPECT_EQ(remove(kinds::config_map, "a", {uid, ""}).code, 200);
  EXPECT_TRUE(get(kinds::config_map, "a").not_found());
}

TEST_P(Contract, AFinalizerHoldsADeletedObject) {
  const Json held = {{"metadata", {{"finalizers", {"ratchet.dev/test"}}}}};
  create(kinds::config_map, object(kinds::config_map, "a", held));
  ASSERT_EQ(remove(kinds::config_map, "a").code, 200);
  const Reply kept = get(kinds::config_map, "a");
  ASSERT_TRUE(kept.ok());
  EXPECT_TRUE(kept.body["metadata"].contains("deletionTimestamp"));
  const Json more = {{"metadata", {{"finalizers", {"ratchet.dev/test", "ratchet.dev/more"}}}}};
  EXPECT_TRUE(patch(kinds::config_map, "a", more).invalid());
  EXPECT_EQ(patch(kinds::config_map, "a", {{"metadata", {{"finalizers", nullptr}}}}).code, 200);
  EXPECT_TRUE(get(kinds::config_map, "a").not_found());
}

TEST_P(Contract, ASecretsTextIsStoredAsData) {
  const Reply made = create(
      kinds::secret, object(kinds::secret, "s", {{"stringData", {{"password", "hunter2"}}}}));
  ASSERT_EQ(made.code, 201) << made.body;
  EXPECT_EQ(made.body["data"]["password"], "aHVudGVyMg==");
  EXPECT_EQ(made.body["type"], "Opaque");
  EXPECT_FALSE(made.body.contains("stringData"));
}

TEST_P(Contract, AServiceHasAnAddressUnlessItIsHeadless) {
  const Json ports = {{{"name", "db"}, {"port", 3306}}};
  const Json normal =
      create(kinds::service, object(kinds::service, "a", {{"spec", {{"ports", ports}}}})).body;
  EXPECT_EQ(normal["spec"]["type"], "ClusterIP");
  EXPECT_NE(normal["spec"]["clusterIP"], "None");
  EXPECT_EQ(normal["spec"]["ports"][0]["targetPort"], 3306);
  const Json spec = {{"clusterIP", "None"}, {"ports", ports}};
  const Json headless = create(kinds::service, object(kinds::service, "b", {{"spec", spec}})).body;
  EXPECT_EQ(headless["spec"]["clusterIP"], "None");
  Json again = object(kinds::service, "a", {{"spec", {{"ports", ports}}}});
  const Reply updated = update(kinds::service, again);
  ASSERT_EQ(updated.code, 200) << updated.body;
  EXPECT_EQ(updated.body["spec"]["clusterIP"], normal["spec"]["clusterIP"]);
}

TEST_P(Contract, ADeletedNamespaceTakesItsContentsWithIt) {
  Json other = {{"apiVersion", "v1"}, {"kind", "Namespace"}};
  other["metadata"]["name"] = space_ + "-b";
  ASSERT_EQ(create(kinds::space, other).code, 201);
  Json inside = object(kinds::config_map, "a");
  inside["metadata"]["namespace"] = space_ + "-b";
  ASSERT_EQ(create(kinds::config_map, inside).code, 201);
  ASSERT_EQ(remove(kinds::space, space_ + "-b").code, 200);
  EXPECT_TRUE(eventually([&] { return get(kinds::space, space_ + "-b").not_found(); }));
}

}  // namespace
}  // namespace ratchet::k8s::contract
