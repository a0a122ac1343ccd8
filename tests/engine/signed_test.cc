// What is proved: where approvers are known, a gate opens for a signature of one of them over this
// run, gate and payload, and for nothing else; and what a log says of signatures is checked again,
// not believed.
#include <functional>

#include <gtest/gtest.h>

#include "engine/core/run.h"
#include "engine/inspect/approvals.h"
#include "store/checkpoint.h"
#include "tests/engine/approver.h"
#include "tests/engine/by_hand.h"

namespace ratchet::engine::testing {
namespace {

const By ann_says{"ann", "looks right"};

constexpr Gate<Text> deploy_gate{"deploy"};

Task<Text> signed_flow(Workflow wf, Text) {
  const GateAnswer answer = co_await wf.gate(deploy_gate, text("plan 7"));
  co_await wf.step(ask, text("go"));
  co_return text(answer.approved ? "approved" : "denied");
}

std::string plan_shown() {
  return hash_of(GateOpened{1, "deploy", text("plan 7").SerializeAsString(), 0});
}

Approval approval_of(const std::string& run_id, const std::string& gate, const std::string& hash) {
  return {run_id, gate, store::to_hex(hash)};
}

class Signed : public HandTest {
 protected:
  std::unique_ptr<Process> with(const std::optional<Approvers>& approvers) {
    auto p = process(signed_flow);
    EngineOptions options{"build-1", "test"};
    options.approvers = approvers;
    p->open(options);
    p->host.settle();
    return p;
  }
  std::unique_ptr<Process> asking(const std::optional<Approvers>& approvers) {
    auto p = with(approvers);
    p->engine->start("r", "flow", text("in").SerializeAsString(), "ann");
    p->host.settle();
    return p;
  }
  static Refusal decide(Process& p, const std::optional<Signature>& signature,
                        bool approve = true) {
    Refusal refused = p.engine->decide("r", "deploy", approve, plan_shown(), ann_says, signature);
    p.host.settle();
    return refused;
  }
  Signature good() const { return ann.sign(approval_of("r", "deploy", plan_shown())); }
  static std::vector<HistoryTurn> turns(Process& p, const std::string& run = "r") {
    return read_history(p.log, find_run(p.log, run)->run);
  }

  Approver ann{"ann"};
  Approver mallory{"ann"};  // who calls herself so
};

TEST_P(Signed, AGoodSignatureOpensTheGateAndIsRecorded) {
  auto p = asking(ann.alone());
  EXPECT_EQ(decide(*p, good()), std::nullopt);
  hand.answer(*p, "go");
  EXPECT_EQ(result(*p), "approved");
  const auto recorded = turns(*p);
  const auto& decided = std::get<GateDecided>(recorded.at(1).turn.events.at(0));
  EXPECT_EQ(decided.signature, good());
  expect_whole(*p);
}

TEST_P(Signed, NothingElseOpensItAndNothingIsRecordedOfIt) {
  auto p = asking(ann.alone());
  const std::uint64_t records = p->log.head().size;
  const std::string other(32, '\7');
  Signature cut = good();
  cut.bytes.pop_back();
  Signature unknown = good();
  unknown.signer = "bob";
  Signature flipped = good();
  flipped.bytes[10] = static_cast<char>(flipped.bytes[10] ^ 1);
  const std::vector<std::pair<Signature, std::string>> wrong{
      {mallory.sign(approval_of("r", "deploy", plan_shown())), "is not one by ann"},
      {ann.sign(approval_of("other", "deploy", plan_shown())), "is not one by ann"},
      {ann.sign(approval_of("r", "other", plan_shown())), "is not one by ann"},
      {ann.sign(approval_of("r", "deploy", other)), "is not one by ann"},
      {cut, "is not one by ann"},
      {flipped, "is not one by ann"},
      {{"ann", ""}, "is not one by ann"},
      {unknown, "'bob' is no approver"}};
  for (const auto& [signature, why] : wrong) {
    const Refusal refused = decide(*p, signature);
    ASSERT_TRUE(refused) << why;
    EXPECT_NE(refused->find(why), std::string::npos) << *refused;
  }
  const Refusal bare = decide(*p, std::nullopt);
  ASSERT_TRUE(bare);
  EXPECT_EQ(*bare, "an approval at gate deploy counts only if it is signed, by one of: ann");
  EXPECT_EQ(p->log.head().size, records);
  EXPECT_EQ(p->engine->state("r"), RunState::running);
}

TEST_P(Signed, AGoodSignatureOfAnotherPayloadIsRecordedAsNotCounted) {
  auto p = asking(ann.alone());
  const std::string other(32, '\7');
  EXPECT_TRUE(p->engine->decide("r", "deploy", true, other, ann_says,
                                ann.sign(approval_of("r", "deploy", other))));
  p->host.settle();
  EXPECT_EQ(p->history("r"), "0 RunStarted\n0 gate 1 deploy\n1 GateRejected 1 by ann\n");
}

TEST_P(Signed, ADenialNeedsNoSignature) {
  auto p = asking(ann.alone());
  EXPECT_TRUE(decide(*p, good(), false)) << "and takes none";
  EXPECT_EQ(decide(*p, std::nullopt, false), std::nullopt);
  hand.answer(*p, "go");
  EXPECT_EQ(result(*p), "denied");
}

TEST_P(Signed, WhoKnowsNoApproversTakesNoSignature) {
  auto p = asking(std::nullopt);
  const Refusal refused = decide(*p, good());
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->find("cannot be checked here"), std::string::npos) << *refused;
  EXPECT_EQ(decide(*p, std::nullopt), std::nullopt);
}

TEST_P(Signed, ASignatureIsHeldWithItsDecision) {
  {
    auto p = asking(ann.alone());
    p->engine->pause("r", ann_says);
    EXPECT_EQ(decide(*p, good()), std::nullopt);
  }
  auto p = with(ann.alone());
  p->engine->resume("r", ann_says);
  p->host.settle();
  const Approvers approvers = ann.alone();
  const Approvals found = verify(p->log, std::nullopt, &approvers).approvals;
  EXPECT_EQ(found.with_signature, 1U);
  EXPECT_EQ(found.bad, 0U);
}

// The other run would have an approval that nobody signed for.
TEST_P(Signed, ARunDoesNotStartOverFromBehindASignedApproval) {
  auto p = asking(ann.alone());
  decide(*p, good());
  hand.answer(*p, "go");
  const WasReset behind = p->engine->reset("r", 2, ann_says);
  ASSERT_TRUE(behind.refused);
  EXPECT_NE(behind.refused->find("was signed for this run alone"), std::string::npos)
      << *behind.refused;
  EXPECT_EQ(p->engine->reset("r", 1, ann_says).refused, std::nullopt);
  p->host.settle();
  const std::string history = p->history("r.reset-2");
  EXPECT_EQ(history.find("0 RunStarted\n0 gate 1 deploy\n"), 0U) << history;
  EXPECT_EQ(history.find("GateDecided"), std::string::npos) << history;
  EXPECT_EQ(p->engine->state("r.reset-2"), RunState::running);
}

TEST_P(Signed, RecordedSignaturesAreCheckedByKeysFromOutside) {
  auto p = asking(ann.alone());
  decide(*p, good());
  const Approvers right = ann.alone(), wrong = mallory.alone();
  const VerifyReport well = verify(p->log, std::nullopt, &right);
  EXPECT_TRUE(well.ok());
  EXPECT_TRUE(well.approvals.checked);
  EXPECT_EQ(well.approvals.with_signature, 1U);
  EXPECT_EQ(well.approvals.bad, 0U);
  const VerifyReport forged = verify(p->log, std::nullopt, &wrong);
  EXPECT_TRUE(forged.ok()) << "the log is what was written";
  EXPECT_EQ(forged.approvals.bad, 1U);
  ASSERT_EQ(forged.approvals.why.size(), 1U);
  EXPECT_NE(forged.approvals.why[0].find("approval in run r: the signature is not one by ann"),
            std::string::npos)
      << forged.approvals.why[0];
  EXPECT_FALSE(verify(p->log).approvals.checked);
}

// What a writer of the log could have written instead.
TEST_P(Signed, WhatWasWrittenOtherwiseIsFound) {
  auto p = asking(ann.alone());
  decide(*p, good());
  const auto recorded = turns(*p);
  const Approvers approvers = ann.alone();
  const auto bad = [&](const std::function<void(Event&)>& change) {
    ApprovalReader reader(&approvers);
    for (HistoryTurn entry : recorded) {
      for (Event& event : entry.turn.events) change(event);
      reader.see(entry.index, entry.turn);
    }
    return reader.found().bad;
  };
  const auto decision = [&](const std::function<void(GateDecided&)>& change) {
    return bad([&](Event& event) {
      if (auto* decided = std::get_if<GateDecided>(&event)) change(*decided);
    });
  };
  EXPECT_EQ(bad([](Event&) {}), 0U);
  for (std::size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(decision([i](GateDecided& d) {
                char& byte = d.signature->bytes[i];
                byte = static_cast<char>(byte ^ 1);
              }),
              1U)
        << "byte " << i;
  }
  EXPECT_EQ(decision([](GateDecided& d) { d.signature->signer = "bob"; }), 1U);
  EXPECT_EQ(decision([](GateDecided& d) { d.payload_hash = std::string(32, '\7'); }), 1U);
  EXPECT_EQ(decision([](GateDecided& d) { d.command = 7; }), 1U);
  EXPECT_EQ(bad([](Event& event) {
              if (auto* start = std::get_if<RunStarted>(&event)) start->run_id = "s";
            }),
            1U);
  EXPECT_EQ(bad([](Event& event) {
              if (auto* gate = std::get_if<GateOpened>(&event)) gate->gate = "other";
            }),
            1U);
  // Another plan was shown, with its hash in the decision.
  EXPECT_EQ(bad([](Event& event) {
              const GateOpened other{1, "deploy", text("plan 8").SerializeAsString(), 0};
              if (auto* gate = std::get_if<GateOpened>(&event)) gate->payload = other.payload;
              auto* decided = std::get_if<GateDecided>(&event);
              if (decided != nullptr) decided->payload_hash = hash_of(other);
            }),
            1U);
}

INSTANTIATE_TEST_SUITE_P(On, Signed, all_disks(), name_of_disk);

// Pinned: what was signed must be what is checked, for ever.
TEST(TextToSign, NamesPayloadGateAndRun) {
  const std::string hash(64, 'a');
  EXPECT_EQ(text_to_sign({"r-1", "deploy", hash}),
            "ratchet.dev/approval@v1\npayload-sha256 " + hash + "\ngate deploy\nrun r-1\n");
  EXPECT_NE(text_to_sign({"r\nrun x", "deploy", hash}), text_to_sign({"r", "deploy", hash}));
}

TEST(ApproversKeys, AreEd25519InPem) {
  const Approver ann("ann");
  using Pems = std::map<std::string, std::string>;
  EXPECT_EQ(Approvers(Pems{{"ann", ann.public_pem()}, {"bob", ann.public_pem()}}).names(),
            "ann, bob");
  EXPECT_THROW(Approvers(Pems{}), std::invalid_argument);
  EXPECT_THROW(Approvers(Pems{{"Ren\xe9", ann.public_pem()}}), std::invalid_argument);
  for (const std::string& pem :
       {std::string(), std::string("ann"), ann.private_pem(), ann.public_pem().substr(0, 60)}) {
    EXPECT_THROW(Approvers(Pems{{"ann", pem}}), std::invalid_argument) << pem;
  }
}

}  // namespace
}  // namespace ratchet::engine::testing
