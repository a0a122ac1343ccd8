// A webhook on loopback with a certificate of its own, and the API server's side of it.
#pragma once

#include <filesystem>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "k8s/client/text.h"
#include "k8s/operator/webhook.h"
#include "tests/k8s/http/certificates.h"
#include "tests/k8s/http/loop.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s::testing {

class Asking : public ::testing::Test {
 protected:
  static constexpr const char* ops_manager = "system:serviceaccount:ratchet:ops-manager";

  Asking();
  ~Asking() override;

  // Starts a webhook that asks this client, in the place of the one there is.
  void serve(Client& client);
  // Writes the files that the webhook reads.
  void write_pair(const http::testing::Identity& identity);
  http::Response post(const std::string& path, const std::string& body);
  // One AdmissionReview: its response.
  Json ask(const std::string& path, Json request);
  // What the API server does with a write: the patch of the mutating webhook, then the verdict of
  // the validating one. `object` becomes what would be stored.
  Json submit(const std::string& operation, Json& object, const Json& before = Json(),
              const std::string& user = "jane");
  static std::string said(const Json& verdict) {
    return verdict.value("/status/message"_json_pointer, "");
  }

  World world;
  http::testing::Loop loop;
  http::testing::Authority authority{"authority"};
  std::filesystem::path folder;
  std::vector<std::unique_ptr<Webhook>> webhooks;  // the last one is asked
};

}  // namespace ratchet::k8s::testing
