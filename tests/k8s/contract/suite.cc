#include "tests/k8s/contract/suite.h"

#include <random>
#include <utility>

namespace ratchet::k8s::contract {
namespace {

Json widget_version(const std::string& name, bool stored) {
  const Json spec = {
      {"type", "object"},
      {"required", {"size"}},
      {"properties",
       {{"size", {{"type", "integer"}, {"minimum", 1}}},
        {"colour", {{"type", "string"}, {"enum", {"red", "blue"}}}},
        {"mode", {{"type", "string"}, {"default", "plain"}}},
        {"free", {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}}}}}};
  const Json status = {{"type", "object"}, {"properties", {{"phase", {{"type", "string"}}}}}};
  return {{"name", name},
          {"served", true},
          {"storage", stored},
          {"subresources", {{"status", Json::object()}}},
          {"schema",
           {{"openAPIV3Schema",
             {{"type", "object"},
              {"required", {"spec"}},
              {"properties", {{"spec", spec}, {"status", status}}}}}}}};
}

Json widget_definition() {
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", "widgets.contract.ratchet.dev"}}},
          {"spec",
           {{"group", "contract.ratchet.dev"},
            {"scope", "Namespaced"},
            {"names", {{"plural", "widgets"}, {"kind", "Widget"}}},
            {"versions", {widget_version("v1", true), widget_version("v1alpha1", false)}}}}};
}

}  // namespace

void Contract::SetUp() {
  backend_ = make_backend(GetParam());
  space_ = "contract-" + std::to_string(std::random_device{}());
  const Reply made =
      create(kinds::space,
             {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", space_}}}});
  ASSERT_EQ(made.code, 201) << made.body;
}

void Contract::TearDown() {
  if (backend_) remove(kinds::space, space_);
}

Reply Contract::get(const Resource& resource, const std::string& name) {
  return backend_->run(backend_->client().get(resource, {resource.namespaced ? space_ : "", name}));
}

Reply Contract::list(const Resource& resource, ListOptions options) {
  return backend_->run(
      backend_->client().list(resource, resource.namespaced ? space_ : "", std::move(options)));
}

Reply Contract::create(const Resource& resource, Json object) {
  return backend_->run(backend_->client().create(resource, std::move(object)));
}

Reply Contract::update(const Resource& resource, Json object) {
  return backend_->run(backend_->client().update(resource, std::move(object)));
}

Reply Contract::update_status(const Resource& resource, Json object) {
  return backend_->run(backend_->client().update_status(resource, std::move(object)));
}

Reply Contract::patch(const Resource& resource, const std::string& name, Json patch) {
  return backend_->run(backend_->client().merge_patch(
      resource, {resource.namespaced ? space_ : "", name}, std::move(patch)));
}

Reply Contract::remove(const Resource& resource, const std::string& name, Preconditions only_if,
                       Propagation propagation) {
  return backend_->run(backend_->client().remove(
      resource, {resource.namespaced ? space_ : "", name}, std::move(only_if), propagation));
}

void Contract::define_widgets() {
  const Reply made = create(kinds::custom_resource_definition, widget_definition());
  ASSERT_TRUE(made.code == 201 || made.reason() == "AlreadyExists") << made.body;
  ASSERT_TRUE(eventually([&] { return list(widget).ok() && list(old_widget).ok(); }));
}

Json Contract::object(const Resource& resource, const std::string& name, const Json& more) const {
  Json result = {{"apiVersion", resource.api_version()},
                 {"kind", resource.kind},
                 {"metadata", {{"name", name}, {"namespace", space_}}}};
  result.merge_patch(more);
  return result;
}

Json Contract::owned_by(const Json& owner, bool blocking) const {
  return {{"metadata",
           {{"ownerReferences",
             {{{"apiVersion", owner["apiVersion"]},
               {"kind", owner["kind"]},
               {"name", owner["metadata"]["name"]},
               {"uid", owner["metadata"]["uid"]},
               {"blockOwnerDeletion", blocking}}}}}}};
}

void Contract::let_the_collector_see(const Resource& resource, const Json& spec) {
  const Json owner = create(kinds::config_map, object(kinds::config_map, "seen-owner")).body;
  Json last = owned_by(owner);
  last.update(spec);
  ASSERT_EQ(create(resource, object(resource, "seen", last)).code, 201);
  ASSERT_EQ(remove(kinds::config_map, "seen-owner").code, 200);
  ASSERT_TRUE(eventually([&] { return get(resource, "seen").not_found(); }));
}

bool Contract::eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    backend_->idle();
  }
  return false;
}

}  // namespace ratchet::k8s::contract
