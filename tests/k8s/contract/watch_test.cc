// Watches: order, completeness, the end of history.
#include "tests/k8s/contract/suite.h"

namespace ratchet::k8s::contract {
namespace {

TEST_P(Contract, AWatchShowsEveryChangeAfterItsVersionInOrder) {
  create(kinds::secret, object(kinds::secret, "before"));
  const Json listed = list(kinds::secret).body;
  auto events = backend_->run(backend_->watch(
      kinds::secret, space_, listed["metadata"]["resourceVersion"].get<std::string>()));
  create(kinds::secret, object(kinds::secret, "a"));
  patch(kinds::secret, "a", {{"data", {{"k", "dg=="}}}});
  remove(kinds::secret, "a");
  std::string version = listed["metadata"]["resourceVersion"].get<std::string>();
  for (const char* type : {"ADDED", "MODIFIED", "DELETED"}) {
    const Json event = backend_->run(events->next());
    EXPECT_EQ(event["type"], type);
    EXPECT_EQ(event["object"]["metadata"]["name"], "a");
    EXPECT_EQ(event["object"]["kind"], "Secret");
    const auto next = event["object"]["metadata"]["resourceVersion"].get<std::string>();
    EXPECT_GT(std::stoull(next), std::stoull(version));
    version = next;
  }
}

// Of a custom kind: a real server keeps its history since the kind was defined at the most.
TEST_P(Contract, AWatchFromAForgottenVersionIsGone) {
  define_widgets();
  create(widget, object(widget, "w", {{"spec", {{"size", 1}}}}));
  patch(widget, "w", {{"spec", {{"size", 2}}}});
  backend_->forget_history();
  auto events = backend_->run(backend_->watch(widget, space_, "1"));
  const Json event = backend_->run(events->next());
  ASSERT_EQ(event["type"], "ERROR") << event;
  EXPECT_EQ(event["object"]["code"], 410);
  EXPECT_EQ(event["object"]["reason"], "Expired");
}

}  // namespace
}  // namespace ratchet::k8s::contract
