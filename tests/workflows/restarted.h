// Runs of restart, and of others that restart servers, on fake clusters: one, and all that are
// stopped somewhere.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "engine/testing/crash_matrix_gtest.h"
#include "tests/engine/every_way.h"
#include "tests/workflows/one_run.h"
#include "workflows/mysql/restart.h"
#include "workflows/mysql/update_version.h"

namespace ratchet::mysql::testing {

class Restarted : public OneRun {
 public:
  template <class Cluster>
  explicit Restarted(Cluster& cluster, const std::string& cancel_at = {}, bool begun = false)
      : OneRun(cluster, restart_name, cluster.restart_request(), cancel_at, begun) {}
};

// `Cluster` can be made of nothing.
template <class Cluster>
engine::testing::CrashReport matrix_of(const std::string& workflow,
                                       const google::protobuf::Message& request,
                                       std::function<void(Cluster&)> fault = {}) {
  engine::testing::CrashCase crash_case;
  crash_case.registry = add_workflows;
  crash_case.world = [=] {
    auto cluster = std::make_unique<Cluster>();
    if (fault) fault(*cluster);
    return cluster;
  };
  crash_case.workflow = workflow;
  crash_case.input = request.SerializeAsString();
  if (!fault) engine::testing::must_not_depend_on_the_way(crash_case);
  return engine::testing::run_crash_matrix(crash_case);
}

template <class Cluster>
engine::testing::CrashReport restart_matrix(std::function<void(Cluster&)> fault = {}) {
  return matrix_of<Cluster>(restart_name, Cluster().restart_request(), std::move(fault));
}

}  // namespace ratchet::mysql::testing
