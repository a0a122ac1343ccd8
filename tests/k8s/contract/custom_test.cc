// Custom kinds: schemas, versions, status.
#include "tests/k8s/contract/suite.h"

namespace ratchet::k8s::contract {
namespace {

TEST_P(Contract, ACustomObjectIsPrunedAndDefaulted) {
  define_widgets();
  const Json spec = {{"size", 2}, {"unknown", 1}, {"free", {{"anything", true}}}};
  const Reply made = create(widget, object(widget, "w", {{"spec", spec}}));
  ASSERT_EQ(made.code, 201) << made.body;
  EXPECT_EQ(made.body["spec"],
            Json({{"size", 2}, {"mode", "plain"}, {"free", {{"anything", true}}}}));
  EXPECT_EQ(made.body["metadata"]["generation"], 1);
}

TEST_P(Contract, AnInvalidCustomObjectIsRefusedFieldByField) {
  define_widgets();
  const Reply none = create(widget, object(widget, "w", {{"spec", Json::object()}}));
  EXPECT_TRUE(none.invalid());
  EXPECT_EQ(none.message(),
            "Widget.contract.ratchet.dev \"w\" is invalid: spec.size: Required value");
  const Reply colour =
      create(widget, object(widget, "w", {{"spec", {{"size", 1}, {"colour", "green"}}}}));
  EXPECT_EQ(colour.message(),
            "Widget.contract.ratchet.dev \"w\" is invalid: spec.colour: Unsupported value: "
            "\"green\": supported values: \"red\", \"blue\"");
  EXPECT_TRUE(create(widget, object(widget, "w", {{"spec", {{"size", "1"}}}})).invalid());
  EXPECT_TRUE(create(widget, object(widget, "w", {{"spec", {{"size", 0}}}})).invalid());
}

TEST_P(Contract, EveryServedVersionShowsTheSameObject) {
  define_widgets();
  const Json made = create(old_widget, object(old_widget, "w", {{"spec", {{"size", 1}}}})).body;
  EXPECT_EQ(made["apiVersion"], "contract.ratchet.dev/v1alpha1");
  const Json other = get(widget, "w").body;
  EXPECT_EQ(other["apiVersion"], "contract.ratchet.dev/v1");
  EXPECT_EQ(other["spec"], made["spec"]);
  EXPECT_EQ(other["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
}

TEST_P(Contract, StatusAndSpecAreWrittenByTheirOwnEndpoints) {
  define_widgets();
  Json made = object(widget, "w", {{"spec", {{"size", 1}}}, {"status", {{"phase", "Early"}}}});
  made = create(widget, made).body;
  EXPECT_FALSE(made.contains("status"));
  made["status"]["phase"] = "Ready";
  made["spec"]["size"] = 5;
  const Json seen = update_status(widget, made).body;
  EXPECT_EQ(seen["status"]["phase"], "Ready");
  EXPECT_EQ(seen["spec"]["size"], 1);
  EXPECT_EQ(seen["metadata"]["generation"], 1);
  const Json patched =
      patch(widget, "w", {{"spec", {{"size", 7}}}, {"status", {{"phase", "Bad"}}}}).body;
  EXPECT_EQ(patched["status"]["phase"], "Ready");
  EXPECT_EQ(patched["spec"]["size"], 7);
  EXPECT_EQ(patched["metadata"]["generation"], 2);
}

TEST_P(Contract, GenerationCountsChangesOfTheSpecOnly) {
  define_widgets();
  create(widget, object(widget, "w", {{"spec", {{"size", 1}}}}));
  EXPECT_EQ(
      patch(widget, "w", {{"metadata", {{"labels", {{"a", "b"}}}}}}).body["metadata"]["generation"],
      1);
  EXPECT_EQ(patch(widget, "w", {{"spec", {{"size", 2}}}}).body["metadata"]["generation"], 2);
  EXPECT_EQ(patch(widget, "w", {{"spec", {{"size", 2}}}}).body["metadata"]["generation"], 2);
}

TEST_P(Contract, ACustomObjectIsUpdatedWithAVersionOnly) {
  define_widgets();
  Json made = create(widget, object(widget, "w", {{"spec", {{"size", 1}}}})).body;
  made["metadata"].erase("resourceVersion");
  EXPECT_TRUE(update(widget, made).invalid());
}

}  // namespace
}  // namespace ratchet::k8s::contract
