// The fixture of the contract suite: a namespace of its own per test, and a custom kind.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "k8s/client/kinds.h"
#include "tests/k8s/contract/backend.h"

namespace ratchet::k8s::contract {

// Kinds of the suite's own: `Widget` with a status and two versions.
inline const Resource widget{"contract.ratchet.dev", "v1", "widgets", "Widget", true};
inline const Resource old_widget{"contract.ratchet.dev", "v1alpha1", "widgets", "Widget", true};

class Contract : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;
  void TearDown() override;

  Reply get(const Resource& resource, const std::string& name);
  Reply list(const Resource& resource, ListOptions options = {});
  Reply create(const Resource& resource, Json object);
  Reply update(const Resource& resource, Json object);
  Reply update_status(const Resource& resource, Json object);
  Reply patch(const Resource& resource, const std::string& name, Json patch);
  Reply remove(const Resource& resource, const std::string& name, Preconditions only_if = {},
               Propagation propagation = Propagation::background);

  // Defines Widget and waits until it is served.
  void define_widgets();
  // An object of this kind in the test's namespace.
  Json object(const Resource& resource, const std::string& name,
              const Json& more = Json::object()) const;
  Json owned_by(const Json& owner, bool blocking = false) const;
  // Waits until the garbage collector knows every object of this kind that was made before: it
  // learns of them by a watch, and an owner that is deleted sooner is deleted as if it had no
  // dependents. A later object of the same kind, whose owner is gone, is collected only after it.
  void let_the_collector_see(const Resource& resource, const Json& spec = Json::object());
  // True once the condition holds; false if it does not within `patience`.
  bool eventually(const std::function<bool()>& condition);

  std::unique_ptr<Backend> backend_;
  std::string space_;
};

}  // namespace ratchet::k8s::contract
