// A semi-synchronous cluster on the embedded API server, its servers a model.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "k8s/provisioner/semi_sync_plan.h"
#include "tests/k8s/provisioner/fake_semi_sync.h"
#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s::testing {

class SemiSync : public ::testing::Test {
 protected:
  static constexpr const char* db = "my-semi";

  SemiSync() {
    world.context.group = servers.port();
    world.context.now = [this] { return now; };
  }

  void bring_up() {
    world.apply(semi_sync);
    world.settle(db);
  }
  // So long that a primary which is out of reach is replaced.
  void wait() {
    world.settle(db);
    now = "2026-11-23T10:01:00Z";
    world.settle(db);
  }
  std::string labels() {
    std::string told;
    for (int i = 0; i < 3; ++i) {
      const Json pod = world.get(kinds::pod, "my-semi-" + std::to_string(i));
      const Json found = pod.is_null() ? Json::object() : pod["metadata"]["labels"];
      told += found.value("kubedb.com/role", "-").substr(0, 1);
    }
    return told;
  }
  Json annotations() {
    return world.get(kinds::mysql, db)["metadata"].value("annotations", Json::object());
  }
  provisioner::PrimaryTerm term() {
    return provisioner::parse_term(annotations().value(provisioner::primary_term_annotation, ""))
        .value();
  }
  void name_successor(const std::string& pod) {
    provisioner::PrimaryTerm changed = term();
    changed.successor = pod;
    world.patch(kinds::mysql, db,
                {{"metadata",
                  {{"annotations",
                    {{provisioner::primary_term_annotation, provisioner::term_text(changed)}}}}}});
  }
  std::string lacks(const char* field) {
    const Json condition = world.condition("GroupComplete", db);
    return condition.is_null() ? "" : condition[field].get<std::string>();
  }

  World world;
  FakeSemiSync servers;
  std::string now = "2026-11-23T10:00:00Z";
};

}  // namespace ratchet::k8s::testing
