// What is proved: a pause is answered by the provisioner, and not by what it answered another.
#include <chrono>
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

// Pauses the MySQL of an OpsWorld at a time that does not pass; returns what the pause says of it.
std::string pause_at(OpsWorld& ops, std::chrono::seconds time) {
  boost::asio::io_context io;
  embedded::InProcessClient client(ops.world.server, "ops-manager");
  Environment environment;
  environment.executor = io.get_executor();
  environment.client = &client;
  environment.now = [time] { return engine::Time{time}; };
  engine::Handlers handlers;
  add_database_handlers(handlers, environment);
  mysql::PauseDatabase in;
  in.mutable_database()->set_space("demo");
  in.mutable_database()->set_name("my-standalone");
  in.set_uid(ops.world.get(kinds::mysql, "my-standalone")["metadata"]["uid"].get<std::string>());
  in.set_request("my-upgrade");
  bool done = false;
  const auto* entry = handlers.find("pause_database");
  entry->perform({}, in.SerializeAsString(),
                 [&](const engine::Bytes&, const engine::Failure* failure, bool) {
                   done = failure == nullptr;
                 });
  io.run();
  EXPECT_TRUE(done);
  return ops.world.condition("Paused").value("lastTransitionTime", "");
}

// Red if the second of two requests works on a database while the provisioner may be writing: that
// has answered the pause of the first one, which was in the same second.
TEST(Pause, IsNotTakenForOneThatWasAnsweredInTheSameSecond) {
  constexpr std::chrono::seconds now{1'800'000'000};
  OpsWorld ops;
  ops.world.patch(kinds::mysql, "my-standalone",
                  {{"metadata", {{"annotations", {{drained_note, "2027-01-15T08:00:00Z"}}}}}});
  EXPECT_EQ(pause_at(ops, now), "2027-01-15T08:00:01Z");
}

TEST(Pause, SaysItsTime) {
  OpsWorld ops;
  EXPECT_EQ(pause_at(ops, std::chrono::seconds{1'800'000'000}), "2027-01-15T08:00:00Z");
}

}  // namespace
}  // namespace ratchet::k8s::testing
