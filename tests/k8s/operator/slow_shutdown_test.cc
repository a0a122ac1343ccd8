// What is proved: a slow shutdown is that of the server that was told to.
#include <string>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "engine/runtime/handlers.h"
#include "k8s/adapters/adapters.h"
#include "k8s/adapters/objects.h"
#include "tests/k8s/operator/ops_world.h"
#include "workflows/mysql/ports.h"

namespace ratchet::k8s::testing {
namespace {

constexpr const char* server_pod = "my-standalone-0";

// The server's pod is deleted and held, and its container, which has this id, has ended by itself.
void end_container(OpsWorld& ops, const std::string& id) {
  ops.world.patch(kinds::pod, server_pod,
                  {{"metadata", {{"finalizers", Json::array({shutdown_finalizer})}}}});
  ops.world.remove(kinds::pod, server_pod);
  Json pod = ops.world.get(kinds::pod, server_pod);
  Json& container = pod.at("status").at("containerStatuses").at(0);
  container["containerID"] = id;
  container["state"] = {{"terminated", {{"exitCode", 0}, {"reason", "Completed"}}}};
  ASSERT_TRUE(ops.world.run(ops.world.client.update_status(kinds::pod, pod)).ok());
}

// How the wait for the end of that container ends: the code of its failure; empty: well.
std::string wait_for(OpsWorld& ops, const std::string& id) {
  boost::asio::io_context io;
  embedded::InProcessClient client(ops.world.server, "ops-manager");
  Environment environment;
  environment.executor = io.get_executor();
  environment.client = &client;
  environment.now = [] { return engine::Time{}; };
  engine::Handlers handlers;
  add_pod_handlers(handlers, environment);
  mysql::AwaitEnd in;
  in.mutable_database()->set_space("demo");
  in.mutable_database()->set_name("my-standalone");
  in.set_pod(server_pod);
  in.set_pod_uid(ops.pod_uid());
  in.set_container_id(id);
  std::string code = "no answer";
  const auto* entry = handlers.find("await_clean_shutdown");
  entry->perform({}, in.SerializeAsString(),
                 [&](const engine::Bytes&, const engine::Failure* failure, bool) {
                   code = failure == nullptr ? "" : failure->code;
                 });
  io.run();
  return code;
}

// Red if the exit code alone is the proof: the kubelet has started the server anew after it was
// told to shut down slowly, and what it was told is gone.
TEST(SlowShutdown, IsThatOfTheServerThatWasToldTo) {
  OpsWorld ops;
  end_container(ops, "containerd://two");
  EXPECT_EQ(wait_for(ops, "containerd://one"), "restarted_meanwhile");
  EXPECT_EQ(wait_for(ops, "containerd://two"), "");
  EXPECT_EQ(wait_for(ops, ""), "") << "nobody asked for a slow one";
}

}  // namespace
}  // namespace ratchet::k8s::testing
