// What is proved: a request's status carries a copy of the log's anchor, which the log extends and
// which an auditor can read with the public formats alone; and the copy never causes a write, also
// where the API server does not keep it.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

#include "engine/inspect/history.h"
#include "k8s/operator/publisher.h"
#include "store/anchor_check.h"
#include "store/checkpoint.h"
#include "tests/k8s/operator/ops_world.h"
#include "tests/k8s/operator/requested_upgrade.h"

namespace ratchet::k8s::testing {
namespace {

constexpr const char* requests_crd = "mysqlopsrequests.ops.kubedb.com";

std::string status_anchor(World& world) {
  return world.get(kinds::mysql_ops_request, "my-upgrade").value("/status/anchor"_json_pointer, "");
}

std::string version_of_request(World& world) {
  return world.get(kinds::mysql_ops_request, "my-upgrade")["metadata"]["resourceVersion"];
}

// The record that says that a pod is going to be deleted.
std::uint64_t record_of_deletion(OpsWorld& ops) {
  const std::string uid = ops.world.get(kinds::mysql_ops_request, "my-upgrade")["metadata"]["uid"];
  const auto run = engine::find_run(ops.log(), uid);
  if (!run) throw std::runtime_error("the request has no run");
  for (const engine::HistoryTurn& entry : engine::read_history(ops.log(), run->run)) {
    for (const engine::Event& event : entry.turn.events) {
      const auto* step = std::get_if<engine::StepScheduled>(&event);
      if (step != nullptr && step->activity == "delete_pod") return entry.index;
    }
  }
  throw std::runtime_error("no pod was deleted");
}

// Red if the copy is left out, or stays what it was in the first status.
TEST(StatusAnchor, FirstAndLastStatusHaveACheckpointThatTheLogExtends) {
  OpsWorld ops;
  ops.request("my-upgrade", "11.8.6");
  ops.run_until([&] { return ops.phase_of("my-upgrade") == "Progressing"; });
  const store::Head first = store::from_checkpoint(status_anchor(ops.world));
  ops.finish("my-upgrade");
  const store::Head last = store::from_checkpoint(status_anchor(ops.world));

  EXPECT_EQ(ops.phase_of("my-upgrade"), "Successful") << ops.message_of("my-upgrade", "Failed");
  EXPECT_NO_THROW(store::check_extends(ops.log(), first));
  EXPECT_NO_THROW(store::check_extends(ops.log(), last));
  EXPECT_GT(last.size, record_of_deletion(ops)) << "which was not done before it was anchored";
}

// Red if the anchor takes part in the comparison: the end of each run, and each start of the
// process, would have all requests written again.
TEST(StatusAnchor, AnAnchorThatIsKnownLaterIsNotWritten) {
  OpsWorld ops;
  ops.request("my-upgrade", "11.8.6");
  ops.finish("my-upgrade");
  const std::string told = status_anchor(ops.world);
  const std::uint64_t size = store::from_checkpoint(told).size;
  ops.run_until([&] { return ops.anchored()->size > size; }, std::size_t{0});  // a next process
  ops.world.patch(kinds::mysql_ops_request, "my-upgrade",
                  {{"metadata", {{"annotations", {{"team", "shop"}}}}}});
  const std::string version = version_of_request(ops.world);
  int rounds = 0;
  ops.run_until([&] { return ++rounds > 20; });

  EXPECT_EQ(version_of_request(ops.world), version);
  EXPECT_EQ(status_anchor(ops.world), told);
}

struct PublishedAnchor : RequestedUpgrade {
  PublishedAnchor() {
    world.server.on_call([this](const embedded::Call& call, const embedded::Answer&) {
      if (call.user == "ops-manager" && embedded::is_write(call.verb)) ++writes;
    });
  }

  void publish(const std::string& phase) {
    Json status = {{"phase", phase}, {"observedGeneration", 1}, {"conditions", Json::array()}};
    const bool there =
        loop.run(publisher.write_status({"demo", "my-upgrade"}, uid, std::move(status)));
    EXPECT_TRUE(there);
  }

  // As KubeDB's own definition does, which has no such field.
  void drop_what_is_not_defined() {
    Json versions = world.get(kinds::custom_resource_definition, requests_crd)["spec"]["versions"];
    Json& status = versions.at("/0/schema/openAPIV3Schema/properties/status"_json_pointer);
    status.erase("x-kubernetes-preserve-unknown-fields");
    status["properties"].erase("anchor");
    world.patch(kinds::custom_resource_definition, requests_crd,
                {{"spec", {{"versions", versions}}}});
  }

  std::string anchor = "one";
  Publisher publisher{client, [this] { return anchor; }};
  int writes = 0;
};

// Red if the anchor is compared, or taken once and for all.
TEST_F(PublishedAnchor, GoesWithWhatIsWrittenAnyway) {
  publish("Progressing");
  EXPECT_EQ(status_anchor(world), "one");
  anchor = "two";
  publish("Progressing");
  EXPECT_EQ(status_anchor(world), "one");
  EXPECT_EQ(writes, 1);
  publish("Successful");
  EXPECT_EQ(status_anchor(world), "two");
  EXPECT_EQ(writes, 2);
}

// Red if a status without an anchor counts as another one.
TEST_F(PublishedAnchor, IsNotWrittenAgainWhereItIsDropped) {
  drop_what_is_not_defined();
  publish("Progressing");
  publish("Progressing");
  EXPECT_EQ(status_anchor(world), "");
  EXPECT_EQ(writes, 1);
}

// Red if what the process does not know is taken away from what an earlier one told.
TEST_F(PublishedAnchor, OfWhichNothingIsKnownStaysAsItIs) {
  publish("Progressing");
  anchor.clear();
  publish("Successful");
  EXPECT_EQ(status_anchor(world), "one");
}

}  // namespace
}  // namespace ratchet::k8s::testing
