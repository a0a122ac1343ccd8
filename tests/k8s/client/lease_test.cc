#include "k8s/client/lease.h"

#include <gtest/gtest.h>

#include "tests/k8s/client/memory_api.h"
#include "tests/k8s/http/loop.h"

namespace ratchet::k8s {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::MemoryApi;

struct LeaseTest : ::testing::Test {
  // Long enough for a slow machine; tests in which it runs out say a shorter duration.
  LeaseOptions options_of(const std::string& identity, milliseconds duration = seconds(60)) {
    LeaseOptions options;
    options.key = {"ops", "ratchet"};
    options.identity = identity;
    options.duration = duration;
    options.renew_every = milliseconds(2);
    options.retry_every = milliseconds(2);
    options.margin = milliseconds(0);
    return options;
  }
  std::unique_ptr<Lease> lease_of(const LeaseOptions& options) {
    return std::make_unique<Lease>(loop.executor(), api, options, [this] { ++losses; });
  }
  std::unique_ptr<Lease> lease_of(const std::string& identity) {
    return lease_of(options_of(identity));
  }
  std::string holder() { return api->at("ratchet")["spec"]["holderIdentity"]; }
  std::size_t updates() {
    return static_cast<std::size_t>(std::count(api->calls.begin(), api->calls.end(), "update"));
  }
  void run_until_updates(std::size_t count) {
    loop.until([&] { return updates() >= count; });
  }

  http::testing::Loop loop;
  std::shared_ptr<MemoryApi> api = std::make_shared<MemoryApi>();
  int losses = 0;
};

TEST_F(LeaseTest, AFreeLeaseIsCreatedHeldAndRenewed) {
  LeaseOptions options = options_of("a");
  options.margin = seconds(20);
  auto lease = lease_of(options);
  EXPECT_FALSE(lease->held());
  loop.run(lease->acquire());
  EXPECT_TRUE(lease->held());
  EXPECT_FALSE(lease->held(milliseconds(40'001)));  // 60 s less the margin
  EXPECT_EQ(holder(), "a");
  std::string first = api->at("ratchet")["spec"]["renewTime"];
  run_until_updates(3);
  EXPECT_NE(api->at("ratchet")["spec"]["renewTime"], first);
  EXPECT_EQ(api->at("ratchet")["spec"]["leaseTransitions"], 0);
  EXPECT_EQ(losses, 0);
}

TEST_F(LeaseTest, AForeignHolderIsRespectedUntilItsRecordStandsStill) {
  auto first = lease_of(options_of("a", seconds(1)));
  loop.run(first->acquire());
  auto second = lease_of(options_of("b", seconds(1)));
  bool acquired = false;
  boost::asio::co_spawn(loop.context(), second->acquire(),
                        [&](const std::exception_ptr&) { acquired = true; });
  run_until_updates(20);
  EXPECT_FALSE(acquired);
  first.reset();  // dies without releasing
  auto died = std::chrono::steady_clock::now();
  loop.until([&] { return acquired; });
  EXPECT_GE(std::chrono::steady_clock::now() - died, milliseconds(990));
  EXPECT_EQ(holder(), "b");
  EXPECT_EQ(api->at("ratchet")["spec"]["leaseTransitions"], 1);
}

TEST_F(LeaseTest, AReleasedLeaseIsTakenAtOnce) {
  auto first = lease_of("a");
  loop.run(first->acquire());
  loop.run(first->release());
  EXPECT_FALSE(first->held());
  EXPECT_EQ(holder(), "");
  auto second = lease_of("b");
  loop.run(second->acquire());
  EXPECT_TRUE(second->held());
  EXPECT_EQ(api->calls.size(), 5u);  // get create update, get update: nobody waited
  EXPECT_EQ(losses, 0);
}

TEST_F(LeaseTest, AHolderKnownToBeDeadIsNotWaitedFor) {
  auto first = lease_of("log/1");
  loop.run(first->acquire());
  LeaseOptions options = options_of("log/2");
  options.known_dead = [](const std::string& dead) { return dead == "log/1"; };
  auto second = lease_of(options);
  loop.run(second->acquire());
  EXPECT_TRUE(second->held());
  loop.until([&] { return losses > 0; });  // the older process sees the foreign holder
  EXPECT_FALSE(first->held());
  EXPECT_EQ(holder(), "log/2");
}

TEST_F(LeaseTest, WithoutAnAnswerItIsLostByTheClock) {
  auto lease = lease_of(options_of("a", milliseconds(100)));
  loop.run(lease->acquire());
  api->fault = [](const std::string&) { return MemoryApi::Fault::refuse; };
  loop.until([&] { return losses > 0; });
  EXPECT_FALSE(lease->held());
  EXPECT_FALSE(loop.run(lease->annotate({{"x", "y"}})));
  EXPECT_EQ(losses, 1);
}

TEST_F(LeaseTest, AFailedRenewalIsTriedAgainBeforeTheNextIsDue) {
  LeaseOptions options = options_of("a", seconds(3));
  options.renew_every = seconds(1);
  auto lease = lease_of(options);
  loop.run(lease->acquire());
  api->fault = [&](const std::string&) {
    return updates() <= 5 ? MemoryApi::Fault::refuse : MemoryApi::Fault::none;
  };
  loop.until([&] { return losses > 0 || (updates() > 5 && lease->held(seconds(2))); });
  EXPECT_EQ(losses, 0);
}

TEST_F(LeaseTest, WhoeverWaitsDoesNotWaitForTheHoldersNextRenewal) {
  LeaseOptions seldom = options_of("a");
  seldom.renew_every = seconds(3600);
  auto first = lease_of(seldom);
  loop.run(first->acquire());
  seldom.identity = "b";
  auto second = lease_of(seldom);
  bool acquired = false;
  boost::asio::co_spawn(loop.context(), second->acquire(),
                        [&](const std::exception_ptr&) { acquired = true; });
  const auto looks = api->calls.size() + 3;
  loop.until([&] { return api->calls.size() >= looks; });
  EXPECT_FALSE(acquired);
  loop.run(first->release());
  loop.until([&] { return acquired; });
  EXPECT_EQ(holder(), "b");
}

TEST_F(LeaseTest, AWriteWhoseAnswerWasLostDoesNotLoseTheLease) {
  auto lease = lease_of("a");
  int lost = 0;
  api->fault = [&](const std::string& verb) {
    return verb != "get" && lost++ % 3 == 0 ? MemoryApi::Fault::lose_answer
                                            : MemoryApi::Fault::none;
  };
  loop.run(lease->acquire());
  run_until_updates(20);
  EXPECT_TRUE(lease->held());
  EXPECT_EQ(losses, 0);
}

TEST_F(LeaseTest, AThirdPartysEditDoesNotLoseTheLease) {
  auto lease = lease_of("a");
  loop.run(lease->acquire());
  api->at("ratchet")["metadata"]["labels"]["by"] = "hand";
  api->touch("ratchet");
  run_until_updates(3);
  EXPECT_TRUE(lease->held());
  EXPECT_EQ(api->at("ratchet")["metadata"]["labels"]["by"], "hand");
}

TEST_F(LeaseTest, ALeaseThatIsDeletedIsLostAndCanBeAcquiredAgain) {
  auto lease = lease_of("a");
  loop.run(lease->acquire());
  api->objects.clear();
  loop.until([&] { return losses > 0; });
  EXPECT_FALSE(lease->held());
  EXPECT_TRUE(api->objects.empty());
  loop.run(lease->acquire());
  auto renewals = updates();
  run_until_updates(renewals + 3);
  EXPECT_TRUE(lease->held());
  EXPECT_EQ(losses, 1);
}

TEST_F(LeaseTest, TheHolderWritesAnnotationsThatSurviveRenewalAndTheNextHolder) {
  auto lease = lease_of("a");
  loop.run(lease->acquire());
  EXPECT_TRUE(loop.run(lease->annotate({{"anchor", "7"}})));
  EXPECT_EQ(lease->annotation("anchor"), "7");
  EXPECT_EQ(lease->annotation("other"), std::nullopt);
  run_until_updates(4);
  loop.run(lease->release());
  auto next = lease_of("b");
  loop.run(next->acquire());
  EXPECT_EQ(next->annotation("anchor"), "7");
}

TEST_F(LeaseTest, AnnotatingAfterAForeignTakeoverWritesNothing) {
  LeaseOptions options = options_of("a");
  options.renew_every = seconds(3600);
  auto lease = lease_of(options);
  loop.run(lease->acquire());
  api->at("ratchet")["spec"]["holderIdentity"] = "thief";
  api->touch("ratchet");
  EXPECT_FALSE(loop.run(lease->annotate({{"anchor", "7"}})));
  EXPECT_EQ(losses, 1);
  EXPECT_EQ(holder(), "thief");
  EXPECT_FALSE(api->at("ratchet")["metadata"].contains("annotations"));
}

TEST_F(LeaseTest, OnALossTheOwnerMayDestroyTheLease) {
  std::unique_ptr<Lease> lease;
  lease = std::make_unique<Lease>(loop.executor(), api, options_of("a"), [&] {
    lease.reset();
    ++losses;
  });
  loop.run(lease->acquire());
  api->objects.clear();
  loop.until([&] { return losses > 0; });
  EXPECT_EQ(losses, 1);
}

}  // namespace
}  // namespace ratchet::k8s
