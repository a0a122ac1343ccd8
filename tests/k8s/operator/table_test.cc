// The requests among the bad manifests, where no webhook has seen them.
#include "tests/k8s/webhook/table.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/operator/ops_world.h"

namespace ratchet::k8s::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<BadManifest> requests() {
  std::vector<BadManifest> chosen;
  for (BadManifest& row : bad_manifests()) {
    if (row.by != "schema" && row.is_request()) chosen.push_back(std::move(row));
  }
  return chosen;
}

class ByOpsManager : public ::testing::TestWithParam<BadManifest> {};

TEST_P(ByOpsManager, FailsTheRequestWithTheSameWords) {
  const BadManifest& row = GetParam();
  std::vector<std::string> abroad;
  OpsWorld ops;
  ops.world.server.on_call([&abroad](const embedded::Call& call, const embedded::Answer&) {
    if (call.space == "prod" || call.name.find('/') != std::string::npos) {
      abroad.push_back(call.space + "/" + call.plural + "/" + call.name);
    }
  });
  ops.world.apply(odd_versions);
  const std::string pod = ops.pod_uid();
  ASSERT_TRUE(ops.world.run(ops.world.client.create(kinds::mysql_ops_request, row.object)).ok());
  ops.finish(row.name);
  EXPECT_EQ(ops.phase_of(row.name), "Failed");
  const std::string lead = "Invalid value: \"" + row.name + "\": ";
  const auto begin = row.message.find(lead);
  const std::string words =
      begin == std::string::npos ? row.message : row.message.substr(begin + lead.size());
  EXPECT_THAT(ops.message_of(row.name, "Failed"), HasSubstr(words));
  EXPECT_EQ(ops.pod_uid(), pod);
  EXPECT_THAT(abroad, IsEmpty()) << "a name in another namespace was looked up";
}

INSTANTIATE_TEST_SUITE_P(Rows, ByOpsManager, ::testing::ValuesIn(requests()),
                         [](const ::testing::TestParamInfo<BadManifest>& row) {
                           std::string name = row.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace ratchet::k8s::testing
