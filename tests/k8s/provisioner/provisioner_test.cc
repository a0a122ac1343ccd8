// The whole controller on watches, and its queue.
#include "k8s/provisioner/provisioner.h"

#include <map>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/k8s/provisioner/manifests.h"
#include "tests/k8s/provisioner/world.h"

namespace ratchet::k8s {
namespace {

namespace asio = boost::asio;
using provisioner::Provisioner;
using provisioner::WorkQueue;
using std::chrono::milliseconds;
using testing::World;

// A watch of the embedded server as the provisioner wants it.
class Follower : public std::enable_shared_from_this<Follower> {
 public:
  Follower(World& world, const Resource& kind, std::string space, std::string selector,
           WatchHandler handler)
      : world_(world), handler_(std::move(handler)) {
    embedded::Call call;
    call.verb = embedded::Verb::watch;
    call.group = kind.group;
    call.version = kind.version;
    call.plural = kind.plural;
    call.space = std::move(space);
    call.label_selector = std::move(selector);
    watch_ = world.server.watch(call).watch;
  }

  void start() {
    const auto weak = weak_from_this();
    watch_->on_change([this, weak] {
      asio::post(world_.loop(), [weak] {
        if (const auto self = weak.lock()) self->drain();
      });
    });
    drain();
    tell_open(true);
  }
  void tell_open(bool open) { handler_.on_open(open); }

 private:
  void drain() {
    while (const auto event = watch_->next()) {
      const std::string type = event->at("type");
      handler_.on_event({type == "DELETED" ? Event::Type::deleted
                         : type == "ADDED" ? Event::Type::added
                                           : Event::Type::modified,
                         event->at("object")});
    }
  }

  World& world_;
  WatchHandler handler_;
  std::unique_ptr<embedded::Watch> watch_;
};

class Running {
 public:
  explicit Running(World& world)
      : world_(world), provisioner_(world.loop().get_executor(), world.client, ports(), options()) {
    asio::co_spawn(world.loop(), provisioner_.run(), [this](const std::exception_ptr& error) {
      ended_ = true;
      EXPECT_EQ(error, nullptr);
    });
  }
  ~Running() {
    provisioner_.stop();
    until([this] { return ended_; });
  }

  // The watch of that kind begins or ceases to follow.
  void tell_open(const std::string& plural, bool open) {
    for (const auto& [what, follower] : followers_) {
      if (what.first == plural) follower.lock()->tell_open(open);
    }
  }
  // The namespaces in which the kind is followed; "": all.
  std::vector<std::string> followed(const std::string& plural) {
    std::vector<std::string> spaces;
    for (const auto& [what, follower] : followers_) {
      if (what.first == plural && !follower.expired()) spaces.push_back(what.second);
    }
    return spaces;
  }

  template <class Condition>
  void until(Condition holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    world_.loop().restart();
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "not within 20 s";
      world_.run_cluster();
      world_.loop().run_one_for(milliseconds(5));
      world_.loop().restart();
    }
  }

 private:
  provisioner::Ports ports() {
    provisioner::Ports ports;
    ports.watch = [this](const Resource& kind, const std::string& space, std::string selector,
                         WatchHandler handler) -> std::shared_ptr<void> {
      auto follower =
          std::make_shared<Follower>(world_, kind, space, std::move(selector), std::move(handler));
      follower->start();
      followers_[{kind.plural, space}] = follower;
      return follower;
    };
    ports.emit = world_.context.emit;
    ports.probe = world_.context.probe;
    return ports;
  }
  static provisioner::Options options() {
    provisioner::Options options;
    options.health_period = milliseconds(20);
    options.queue.first_delay = milliseconds(1);
    return options;
  }

  World& world_;
  std::map<std::pair<std::string, std::string>, std::weak_ptr<Follower>> followers_;
  Provisioner provisioner_;
  bool ended_ = false;
};

// The phase as the store has it: no call that would run the loop.
std::string phase(World& world) {
  const auto mysql = world.server.store().find({"mysqls.kubedb.com", "demo", "my-standalone"});
  return mysql ? mysql->value("/status/phase"_json_pointer, "") : "";
}

TEST(Controller, BringsUpWhatItFindsAndFollowsWhatChanges) {
  World world;
  world.apply(testing::standalone);
  Running running(world);
  running.until([&] { return phase(world) == "Ready"; });
  world.answer.connect_error = "gone";
  running.until([&] { return phase(world) == "NotReady"; });
  world.answer.connect_error.reset();
  running.until([&] { return phase(world) == "Ready"; });
}

TEST(Controller, SurvivesWritesThatFailAndAnswersThatAreLost) {
  World world;
  int writes = 0;
  world.faults.on_write = [&](const embedded::Call& call) {
    if (call.user != "provisioner") return embedded::Fault::none;
    switch (++writes % 7) {
      case 2:
        return embedded::Fault::refuse;
      case 4:
        return embedded::Fault::lost_after;
      case 5:
        return embedded::Fault::lost_before;
      case 6:
        return embedded::Fault::conflict;
      default:
        return embedded::Fault::none;
    }
  };
  Running running(world);
  embedded::InProcessClient user(world.server, "user");
  Json mysql = {{"apiVersion", "kubedb.com/v1"},
                {"kind", "MySQL"},
                {"metadata", {{"name", "my-standalone"}, {"namespace", "demo"}}},
                {"spec",
                 {{"version", "10.11.18"},
                  {"storage", {{"resources", {{"requests", {{"storage", "1Gi"}}}}}}}}}};
  asio::co_spawn(world.loop(), user.create(kinds::mysql, std::move(mysql)), asio::detached);
  running.until([&] { return phase(world) == "Ready"; });
  EXPECT_EQ(world.server.store().list("secrets", "demo").size(), 1u);
  EXPECT_EQ(world.server.store().list("statefulsets.apps", "demo").size(), 1u);
}

// An object without what the server counts.
Json content_of(Json object) {
  object["labels"] = object["metadata"]["labels"];
  object.erase("metadata");
  object.erase("status");
  return object;
}

Json content_in(World& world, const Resource& kind) {
  const std::string group = kind.group.empty() ? "" : "." + kind.group;
  const auto found = world.server.store().find({kind.plural + group, "demo", "my-standalone"});
  return found ? content_of(*found) : Json();
}

TEST(Controller, PutsRightAtOnceWhatOthersChange) {
  struct Change {
    Resource kind;
    Json by_hand;
  };
  const std::vector<Change> changes{
      {kinds::role, {{"rules", Json::array()}}},
      {kinds::role_binding, {{"subjects", Json::array()}}},
      {kinds::pod_disruption_budget, {{"spec", {{"maxUnavailable", 2}}}}},
      {kinds::service_account,
       {{"metadata", {{"labels", {{"app.kubernetes.io/instance", "other"}}}}}}}};
  World world;
  world.apply(testing::standalone);
  Running running(world);
  running.until([&] { return phase(world) == "Ready"; });
  embedded::InProcessClient user(world.server, "user");
  for (const Change& change : changes) {
    SCOPED_TRACE(change.kind.plural);
    const Json before = content_in(world, change.kind);
    bool changed = false;
    asio::co_spawn(world.loop(),
                   user.merge_patch(change.kind, {"demo", "my-standalone"}, change.by_hand),
                   [&](const std::exception_ptr&, const Reply& reply) {
                     changed = reply.ok() && content_of(reply.body) != before;
                   });
    running.until([&] { return changed; });
    running.until([&] { return content_in(world, change.kind) == before; });
  }
}

TEST(Controller, AsksForNothingWhileNothingChangesAndAllWatchesAreOpen) {
  World world;
  int requests = 0;
  world.server.on_call([&](const embedded::Call& call, const embedded::Answer&) {
    if (call.user == "provisioner") ++requests;
  });
  world.apply(testing::standalone);
  Running running(world);
  const auto requests_of_looks = [&](std::size_t looks) {
    requests = 0;
    const std::size_t before = world.probes.size();
    running.until([&] { return world.probes.size() >= before + looks; });
    return requests;
  };
  // A change before may be looked at late, where everything is slow.
  const auto gets_quiet = [&] {
    int tries = 10;
    while (tries > 0 && requests_of_looks(10) != 0) --tries;
    return tries > 0;
  };
  running.until([&] { return phase(world) == "Ready"; });
  EXPECT_TRUE(gets_quiet());
  EXPECT_EQ(requests_of_looks(20), 0);
  for (const char* kind : {"pods", "secrets"}) {
    SCOPED_TRACE(kind);
    running.tell_open(kind, false);
    EXPECT_GE(requests_of_looks(20), 19 * 4);
    running.tell_open(kind, true);
    EXPECT_TRUE(gets_quiet());
    EXPECT_EQ(requests_of_looks(20), 0);
  }
}

// It may read them nowhere else (decision 027).
TEST(Controller, FollowsSecretsOnlyWhereThereAreDatabases) {
  World world;
  world.apply(testing::standalone);
  Running running(world);
  embedded::InProcessClient user(world.server, "user");
  running.until([&] { return phase(world) == "Ready"; });
  EXPECT_THAT(running.followed("pods"), ::testing::ElementsAre(""));
  EXPECT_THAT(running.followed("secrets"), ::testing::ElementsAre("demo"));
  asio::co_spawn(world.loop(),
                 user.remove(kinds::mysql, {"demo", "my-standalone"}, {}, Propagation::background),
                 asio::detached);
  running.until([&] { return running.followed("secrets").empty(); });
}

class Queue : public ::testing::Test {
 protected:
  std::optional<std::string> take() {
    std::optional<std::string> key;
    bool ended = false;
    asio::co_spawn(loop_, queue_.take(),
                   [&](const std::exception_ptr& error, std::optional<std::string> taken) {
                     EXPECT_EQ(error, nullptr);
                     key = std::move(taken);
                     ended = true;
                   });
    loop_.restart();
    while (!ended && loop_.run_one_for(std::chrono::seconds(20)) > 0) {
    }
    EXPECT_TRUE(ended);
    return key;
  }

  asio::io_context loop_;
  WorkQueue queue_{loop_.get_executor(), {.keys = 3, .first_delay = milliseconds(1)}};
};

TEST_F(Queue, HandsAKeyOutOnceHoweverOftenItWasNamed) {
  queue_.add("a");
  queue_.add("a");
  queue_.add("b");
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "b");
  queue_.close();
  EXPECT_EQ(take(), std::nullopt);
}

TEST_F(Queue, KeepsAKeyBackWhileItIsInWork) {
  queue_.add("a");
  EXPECT_EQ(take(), "a");
  queue_.add("a");
  queue_.add("b");
  EXPECT_EQ(take(), "b");
  queue_.done("a");
  EXPECT_EQ(take(), "a");
}

TEST_F(Queue, DelayedKeysComeInTheirTime) {
  queue_.add_after("late", milliseconds(30));
  queue_.retry("soon");
  EXPECT_EQ(take(), "soon");
  EXPECT_EQ(take(), "late");
}

TEST_F(Queue, RefusesMoreKeysThanItsBound) {
  EXPECT_TRUE(queue_.add("a"));
  EXPECT_TRUE(queue_.add_after("b", milliseconds(1)));
  EXPECT_TRUE(queue_.add("c"));
  EXPECT_FALSE(queue_.add("d"));
  EXPECT_TRUE(queue_.add("a"));
  EXPECT_EQ(take(), "a");
  EXPECT_TRUE(queue_.add("d"));
}

}  // namespace
}  // namespace ratchet::k8s
