// A request to upgrade, in a cluster that nobody else works in: for tests of what is written of it.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "tests/k8s/http/loop.h"
#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {

struct RequestedUpgrade : ::testing::Test {
  RequestedUpgrade() {
    world.apply(R"(
apiVersion: ops.kubedb.com/v1alpha1
kind: MySQLOpsRequest
metadata: {name: my-upgrade, namespace: demo}
spec:
  databaseRef: {name: my-standalone}
  type: UpdateVersion
  updateVersion: {targetVersion: "11.8.6"}
)");
    const Json request = world.get(kinds::mysql_ops_request, "my-upgrade");
    uid = request.at("metadata").at("uid").get<std::string>();
  }

  World world;
  http::testing::Loop loop;
  embedded::InProcessClient client{world.server, "ops-manager"};
  std::string uid;
};

}  // namespace ratchet::k8s::testing
