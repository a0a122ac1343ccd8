// What is proved: a daemon with approvers takes an approval that one of them signed, over the API
// and by ratchetctl, with signatures that the openssl program made; it refuses all others and says
// why; and verify and evidence check such a signature by keys from elsewhere.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/base64.h"
#include "tests/engine/approver.h"
#include "tests/tools/api_world.h"
#include "tools/ratchetctl/approvers.h"

namespace ratchet::ratchetd::testing {
namespace {

namespace fs = std::filesystem;

using engine::testing::Approver;
using ratchetctl::Exit;
using ::testing::HasSubstr;
using ::testing::Not;

void write(const std::string& path, const std::string& content) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class SignedActs : public ::testing::Test {
 protected:
  SignedActs() {
    write(keys("approvers/ann.pem"), ann.public_pem());
    write(keys("mallory/ann.pem"), mallory.public_pem());
    write(keys("ann.key"), ann.private_pem());
    write(keys("mallory.key"), mallory.private_pem());
    world.approvers = ratchetctl::approvers_in(keys("approvers"));
    world.begin();
    world.start("r-1", "asking");
    hash = world.get("/v1/runs/r-1")["gates"][0]["payload_hash"].get<std::string>();
  }

  std::string keys(const std::string& name) const { return world.folder.path(name); }
  Json body(const engine::Signature& signature) const {
    return {{"reason", "why"},
            {"gate", "deploy"},
            {"payload_hash", hash},
            {"signer", signature.signer},
            {"signature_base64", store::to_base64(signature.bytes)}};
  }
  // The status, and what is said.
  std::string asked(const Json& body, const std::string& act = "approve") const {
    const auto response = world.ask("POST", "/v1/runs/r-1/" + act, body.dump());
    const Json answer = Json::parse(response.body);
    return std::to_string(response.status) + " " +
           (answer.contains("error") ? answer["error"].value("message", "") : "");
  }
  Said approve(std::vector<std::string> more, const std::string& of = "") const {
    std::vector<std::string> arguments{"approve", "r-1", "--reason", "looks right"};
    if (of != "none") arguments.insert(arguments.end(), {"--hash", of.empty() ? hash : of});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world.ctl(arguments);
  }
  Json events() const { return world.get("/v1/runs/r-1/history")["events"]; }

  ApiWorld world;
  Approver ann{"ann"};
  Approver mallory{"ann"};
  std::string hash;
};

TEST_F(SignedActs, TheApiTakesAGoodSignatureAndNoOther) {
  const engine::Signature good = ann.sign({"r-1", "deploy", hash});
  const Json bare{{"reason", "why"}, {"gate", "deploy"}, {"payload_hash", hash}};
  EXPECT_EQ(asked(bare),
            "409 an approval at gate deploy counts only if it is signed, by one of: ann");
  EXPECT_THAT(asked(body(mallory.sign({"r-1", "deploy", hash}))),
              HasSubstr("409 the signature is not one by ann"));
  EXPECT_THAT(asked(body(ann.sign({"r-2", "deploy", hash}))),
              HasSubstr("409 the signature is not one by ann"));
  EXPECT_EQ(asked(body({"bob", good.bytes})), "409 'bob' is no approver");
  for (const char* field : {"signer", "signature_base64"}) {
    Json half = body(good);
    half.erase(std::string(field));
    EXPECT_THAT(asked(half), HasSubstr("400 signer and signature_base64 go together")) << field;
  }
  EXPECT_THAT(asked(body({"ann", good.bytes + "x"})), HasSubstr("400 signer and"));
  EXPECT_EQ(asked(body(good), "deny"), "400 there is no field signer here");
  EXPECT_EQ(events().size(), 2) << "none of them is recorded";
  EXPECT_EQ(asked(body(good)), "200 ");
  const Json decided = events()[2];
  EXPECT_EQ(decided["event"], "GateDecided");
  EXPECT_EQ(decided["signature"]["signer"], "ann");
  EXPECT_EQ(decided["signature"]["base64"], store::to_base64(good.bytes));
}

TEST_F(SignedActs, ADenialNeedsNoSignature) {
  EXPECT_EQ(asked({{"reason", "why"}, {"gate", "deploy"}, {"payload_hash", hash}}, "deny"), "200 ");
  EXPECT_FALSE(events()[2].contains("signature"));
}

TEST_F(SignedActs, ADaemonWithoutApproversTakesNoSignature) {
  world.approvers.reset();
  world.restart();
  EXPECT_THAT(asked(body(ann.sign({"r-1", "deploy", hash}))),
              HasSubstr("409 a signature cannot be checked here"));
  const Said said = approve({"--sign-with", keys("ann.key"), "--signer", "ann"});
  EXPECT_EQ(said.code, Exit::refused);
  EXPECT_THAT(said.err, HasSubstr("no approvers are known: approve without one"));
}

// As docs/OPERATING.md has it, with the openssl of this machine: key, public key, signature.
TEST_F(SignedActs, AnApprovalIsSignedByTheOpensslProgram) {
  const auto openssl = [this](const std::string& arguments) {
    const std::string command = "cd " + keys("") + " && openssl " + arguments;
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  };
  openssl("genpkey -algorithm ed25519 -out bob.key");
  openssl("pkey -in bob.key -pubout -out approvers/bob.pem");
  world.approvers = ratchetctl::approvers_in(keys("approvers"));
  world.restart();
  const Said shown = approve({"--to-sign", keys("approval")}, "none");
  EXPECT_EQ(shown.code, Exit::usage) << "nothing is decided";
  EXPECT_THAT(shown.out, HasSubstr("\"plan 7\""));
  EXPECT_THAT(shown.err, HasSubstr("approve r-1 --gate deploy --hash " + hash + " --signature"));
  EXPECT_EQ(read(keys("approval")),
            "ratchet.dev/approval@v1\npayload-sha256 " + hash + "\ngate deploy\nrun r-1\n");
  openssl("pkeyutl -sign -rawin -inkey bob.key -in approval -out approval.sig");
  const Said other = approve({"--signature", keys("approval.sig"), "--signer", "ann"});
  EXPECT_EQ(other.code, Exit::refused);
  EXPECT_THAT(other.err, HasSubstr("is not one by ann"));
  const Said done = approve({"--signature", keys("approval.sig"), "--signer", "bob"});
  EXPECT_EQ(done.code, Exit::well) << done.err;
  const Json signature = events()[2]["signature"];
  EXPECT_EQ(signature["signer"], "bob");
  write(keys("recorded.sig"), *store::from_base64(signature["base64"].get<std::string>()));
  openssl(
      "pkeyutl -verify -rawin -pubin -inkey approvers/bob.pem -in approval -sigfile recorded.sig "
      "> verified");
  EXPECT_THAT(world.ctl({"verify", "--approvers", keys("approvers")}).out,
              HasSubstr("1 signed approval, good\n"));
}

TEST_F(SignedActs, WhatIsWrongWithASignatureIsSaid) {
  const auto expect = [this](std::vector<std::string> more, int code, const std::string& said) {
    const Said answer = approve(std::move(more));
    EXPECT_EQ(answer.code, code) << answer.err;
    EXPECT_THAT(answer.err, HasSubstr(said));
  };
  const std::string key = keys("ann.key");
  expect({}, Exit::refused, "counts only if it is signed, by one of: ann");
  expect({"--sign-with", keys("mallory.key"), "--signer", "ann"}, Exit::refused, "not one by ann");
  expect({"--sign-with", key, "--signer", "bob"}, Exit::refused, "'bob' is no approver");
  expect({"--sign-with", keys("approvers/ann.pem"), "--signer", "ann"}, Exit::usage,
         "is no Ed25519 key in PEM");
  expect({"--signature", key, "--signer", "ann"}, Exit::usage, "the 64 bytes");
  expect({"--signature", key}, Exit::usage, "--signer");
  expect({"--signer", "ann"}, Exit::usage, "--signer needs");
  expect({"--sign-with", key, "--signature", key, "--signer", "ann"}, Exit::usage, "excludes");
  expect({"--to-sign", keys("x")}, Exit::usage, "excludes");
  EXPECT_EQ(approve({"--sign-with", key, "--signer", "ann"}, "none").code, Exit::usage)
      << "without the hash of what was seen";
  EXPECT_EQ(world.get("/v1/runs/r-1")["state"], "running");
}

TEST_F(SignedActs, ARecordedSignatureIsShownAndCheckedByKeysFromElsewhere) {
  const Said done = approve({"--sign-with", keys("ann.key"), "--signer", "ann"});
  ASSERT_EQ(done.code, Exit::well) << done.err;
  EXPECT_THAT(world.ctl({"history", "r-1"}).out,
              HasSubstr("approved: looks right; recorded signature: ann"));
  EXPECT_THAT(world.ctl({"show", "r-1"}).out, HasSubstr("; recorded signature: ann\n"));
  EXPECT_THAT(world.ctl({"report", "r-1"}).out,
              HasSubstr(hash + "; recorded signature, not checked here: ann</td>"));

  const auto verify = [this](const std::string& folder) {
    return folder.empty() ? world.ctl({"verify"})
                          : world.ctl({"verify", "--approvers", keys(folder)});
  };
  EXPECT_EQ(verify("").code, Exit::well);
  EXPECT_THAT(verify("").out, HasSubstr("1 signed approval, not checked (--approvers DIR)\n"));
  EXPECT_EQ(verify("approvers").code, Exit::well);
  EXPECT_THAT(verify("approvers").out, HasSubstr("1 signed approval, good\n"));
  const Said forged = verify("mallory");
  EXPECT_EQ(forged.code, Exit::damaged);
  EXPECT_THAT(forged.out, HasSubstr("1 signed approval, 1 of them NOT good"));
  EXPECT_THAT(forged.out, HasSubstr("in run r-1: the signature is not one by ann of this run"));
  EXPECT_THAT(forged.out, HasSubstr("the log is whole"));
  EXPECT_EQ(verify("nothing").code, Exit::usage);

  const std::string file = keys("evidence.json"), anchor = keys("anchor");
  write(anchor, world.ctl({"checkpoint"}).out);
  ASSERT_EQ(world.ctl({"evidence", "r-1", "--at", anchor, "--to", file}).code, Exit::well);
  const auto check = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"evidence", "check", file, "--anchor", anchor};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world.ctl(arguments);
  };
  EXPECT_EQ(check({}).code, Exit::well);
  EXPECT_THAT(check({}).out, HasSubstr("1 signed approval, not checked (--approvers DIR)\n"));
  const Said good = check({"--approvers", keys("approvers")});
  EXPECT_EQ(good.code, Exit::well) << good.err;
  EXPECT_THAT(good.out, HasSubstr("1 signed approval, good\n"));
  const Said bad = check({"--approvers", keys("mallory")});
  EXPECT_EQ(bad.code, Exit::damaged);
  EXPECT_THAT(bad.out, HasSubstr("PROBLEM  record "));
  const Said json = world.ctl({"-o", "json", "verify", "--approvers", keys("mallory")});
  EXPECT_EQ(Json::parse(json.out)["approvals"]["bad"], 1);
}

TEST_F(SignedActs, AnApprovalWithoutASignatureIsTold) {
  world.approvers.reset();
  world.restart();
  ASSERT_EQ(approve({}).code, Exit::well);
  EXPECT_THAT(world.ctl({"verify"}).out, Not(HasSubstr("approval")));
  const Said said = world.ctl({"verify", "--approvers", keys("approvers")});
  EXPECT_EQ(said.code, Exit::well);
  EXPECT_THAT(said.out, HasSubstr("0 signed approvals; 1 without a signature\n"));
}

TEST_F(SignedActs, AFolderOfApproversHoldsTheirKeysAndNothingElse) {
  const auto names = [this] { return ratchetctl::approvers_in(keys("approvers")).names(); };
  write(keys("approvers/bob@example.org.pem"), mallory.public_pem());
  write(keys("approvers/..2026/ann.pem"), "as a mounted ConfigMap has it");
  EXPECT_EQ(names(), "ann, bob@example.org");
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"carol.pem", ann.private_pem()}, {"carol.pub", ann.public_pem()}, {"carol.pem", "\n"}};
  for (const auto& [name, content] : wrong) {
    write(keys("approvers/" + name), content);
    EXPECT_THROW(names(), std::invalid_argument) << name;
    fs::remove(keys("approvers/" + name));
  }
  fs::remove_all(keys("approvers"));
  EXPECT_THROW(names(), std::invalid_argument) << "there is none";
  fs::create_directory(keys("approvers"));
  EXPECT_THROW(names(), std::invalid_argument) << "it is empty";
}

}  // namespace
}  // namespace ratchet::ratchetd::testing
