// The table of bad manifests, asked of the API server's schema, of the webhook over TLS, and of the
// provisioner where there is no webhook; of the ops manager: tests/k8s/operator/table_test.cc.
#include "tests/k8s/webhook/table.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "tests/k8s/webhook/asking.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Table : public Asking, public ::testing::WithParamInterface<BadManifest> {
 protected:
  const Resource& kind() const {
    return GetParam().is_request() ? kinds::mysql_ops_request : kinds::mysql;
  }
};

std::vector<BadManifest> rows(const std::function<bool(const BadManifest&)>& wanted) {
  std::vector<BadManifest> chosen;
  for (BadManifest& row : bad_manifests()) {
    if (wanted(row)) chosen.push_back(std::move(row));
  }
  return chosen;
}

std::string plain_name(const ::testing::TestParamInfo<BadManifest>& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

using BySchema = Table;

TEST_P(BySchema, IsRefusedByTheApiServer) {
  const Reply reply = world.run(world.client.create(kind(), GetParam().object));
  EXPECT_TRUE(reply.invalid());
  EXPECT_THAT(reply.message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(Rows, BySchema, ::testing::ValuesIn(rows([](const BadManifest& row) {
                           return row.by == "schema";
                         })),
                         plain_name);

using ByWebhook = Table;

TEST_P(ByWebhook, IsToldByTheWebhook) {
  if (GetParam().is_request()) {
    Json there = good_mysql();
    there["metadata"]["name"] = "my-standalone";
    ASSERT_TRUE(world.run(world.client.create(kinds::mysql, there)).ok());
  }
  Json object = GetParam().object;
  const Json verdict = submit("CREATE", object);
  if (GetParam().by == "warning") {
    EXPECT_EQ(verdict["allowed"], true);
    EXPECT_THAT(verdict["warnings"].dump(), HasSubstr(GetParam().message));
    return;
  }
  EXPECT_EQ(verdict["allowed"], false);
  EXPECT_THAT(said(verdict), HasSubstr(GetParam().message));
  EXPECT_EQ(verdict["status"]["reason"], GetParam().is_request() ? "Invalid" : "BadRequest");
}

INSTANTIATE_TEST_SUITE_P(Rows, ByWebhook, ::testing::ValuesIn(rows([](const BadManifest& row) {
                           return row.by != "schema";
                         })),
                         plain_name);

using ByProvisioner = Table;

// No webhook has seen it: nothing is made, nothing is read elsewhere, and the reason is told once.
TEST_P(ByProvisioner, IsRefusedByTheControllerAlone) {
  const BadManifest& row = GetParam();
  std::vector<std::string> abroad;
  world.server.on_call([&](const embedded::Call& call, const embedded::Answer&) {
    const bool here = call.space.empty() || call.space == "demo";
    if (!here || call.plural == "secrets") abroad.push_back(call.space + "/" + call.plural);
  });
  ASSERT_TRUE(world.run(world.client.create(kinds::mysql, row.object)).ok());
  world.settle(row.name);
  const Json condition = world.condition("SpecAccepted", row.name);
  ASSERT_FALSE(condition.is_null());
  EXPECT_EQ(condition["status"], "False");
  EXPECT_EQ(condition["reason"], row.reason);
  EXPECT_THAT(condition["message"].get<std::string>(), HasSubstr(row.message));
  EXPECT_THAT(world.event_texts(), Contains(HasSubstr("Invalid: ")).Times(1));
  EXPECT_THAT(abroad, IsEmpty());
  for (const Resource& made :
       {kinds::stateful_set, kinds::service, kinds::secret, kinds::service_account, kinds::role}) {
    EXPECT_THAT(world.names(made), IsEmpty()) << made.kind;
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, ByProvisioner, ::testing::ValuesIn(rows([](const BadManifest& row) {
                           return row.by != "schema" && !row.is_request();
                         })),
                         plain_name);

}  // namespace
}  // namespace ratchet::k8s::testing
