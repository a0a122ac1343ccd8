// What the contract suite cannot ask of a real server: faults, time, history, tables.
#include <chrono>

#include <gtest/gtest.h>

#include "k8s/embedded/api_server.h"
#include "k8s/embedded/audit.h"
#include "k8s/embedded/discovery.h"
#include "k8s/embedded/patch.h"
#include "k8s/embedded/protobuf_body.h"
#include "k8s/embedded/refusal.h"
#include "k8s/embedded/route.h"
#include "k8s/embedded/table.h"

namespace ratchet::k8s::embedded {
namespace {

using namespace std::chrono_literals;

Call call_for(Verb verb, const std::string& plural, const std::string& name) {
  Call call;
  call.verb = verb;
  call.version = "v1";
  call.plural = plural;
  call.space = "default";
  call.name = name;
  return call;
}

Answer create(ApiServer& server, const std::string& plural, const std::string& name,
              Json more = Json::object()) {
  Call call = call_for(Verb::create, plural, "");
  more["metadata"]["name"] = name;
  call.body = std::move(more);
  return server.handle(call);
}

Answer patch(ApiServer& server, const std::string& plural, const std::string& name, Json change) {
  Call call = call_for(Verb::patch, plural, name);
  call.body = std::move(change);
  return server.handle(call);
}

Answer get(ApiServer& server, const std::string& plural, const std::string& name) {
  return server.handle(call_for(Verb::get, plural, name));
}

TEST(EmbeddedFaults, ALostAnswerBeforeTheWriteLeavesNothing) {
  Options options;
  options.faults.on_write = [](const Call&) { return Fault::lost_before; };
  ApiServer server(options);
  EXPECT_TRUE(create(server, "configmaps", "a").lost);
  EXPECT_EQ(get(server, "configmaps", "a").code, 404);
}

TEST(EmbeddedFaults, ALostAnswerAfterTheWriteLeavesTheObject) {
  bool armed = false;
  Options options;
  options.faults.on_write = [&](const Call&) { return armed ? Fault::lost_after : Fault::none; };
  ApiServer server(options);
  armed = true;
  EXPECT_TRUE(create(server, "configmaps", "a").lost);
  EXPECT_EQ(get(server, "configmaps", "a").code, 200);
}

TEST(EmbeddedFaults, ARefusedWriteLeavesNothing) {
  bool armed = false;
  Fault fault = Fault::refuse;
  Options options;
  options.faults.on_write = [&](const Call&) { return armed ? fault : Fault::none; };
  ApiServer server(options);
  ASSERT_EQ(create(server, "configmaps", "a").code, 201);
  armed = true;
  EXPECT_EQ(create(server, "configmaps", "b").code, 500);
  fault = Fault::conflict;
  EXPECT_EQ(patch(server, "configmaps", "a", {{"data", {{"k", "v"}}}}).code, 409);
  EXPECT_EQ(get(server, "configmaps", "b").code, 404);
  EXPECT_FALSE(get(server, "configmaps", "a").body.contains("data"));
}

TEST(EmbeddedWatch, ALaggingWatchShowsNothingNewerThanItMay) {
  std::uint64_t limit = 0;
  Options options;
  options.faults.visible = [&](const Call&, std::uint64_t latest) {
    return limit == 0 ? latest : limit;
  };
  ApiServer server(options);
  limit = server.store().version();
  WatchReply reply = server.watch(call_for(Verb::watch, "configmaps", ""));
  create(server, "configmaps", "a");
  EXPECT_FALSE(reply.watch->next());
  Call cached = call_for(Verb::list, "configmaps", "");
  cached.resource_version = "0";
  EXPECT_TRUE(server.handle(cached).body["items"].empty());
  limit = 0;
  EXPECT_EQ((*reply.watch->next())["object"]["metadata"]["name"], "a");
}

TEST(EmbeddedWatch, ACutEndsTheStreamBeforeTheEvent) {
  Options options;
  options.faults.cut = [](const Call&) { return true; };
  ApiServer server(options);
  WatchReply reply = server.watch(call_for(Verb::watch, "configmaps", ""));
  create(server, "configmaps", "a");
  EXPECT_FALSE(reply.watch->next());
  EXPECT_TRUE(reply.watch->ended());
}

TEST(EmbeddedWatch, ASlowReaderIsToldThatHistoryIsGone) {
  Options options;
  options.history = 3;
  ApiServer server(options);
  WatchReply reply = server.watch(call_for(Verb::watch, "configmaps", ""));
  for (int i = 0; i < 5; ++i) create(server, "configmaps", "c" + std::to_string(i));
  EXPECT_EQ((*reply.watch->next())["object"]["code"], 410);
  EXPECT_TRUE(reply.watch->ended());
}

TEST(EmbeddedWatch, ObjectsComeAndGoAsTheirLabelsMatch) {
  ApiServer server;
  Call call = call_for(Verb::watch, "configmaps", "");
  call.label_selector = "on=yes";
  WatchReply reply = server.watch(call);
  create(server, "configmaps", "a");
  patch(server, "configmaps", "a", {{"metadata", {{"labels", {{"on", "yes"}}}}}});
  patch(server, "configmaps", "a", {{"metadata", {{"labels", {{"on", "no"}}}}}});
  EXPECT_EQ((*reply.watch->next())["type"], "ADDED");
  EXPECT_EQ((*reply.watch->next())["type"], "DELETED");
  EXPECT_FALSE(reply.watch->next());
}

TEST(EmbeddedList, APageShowsTheStateOfTheFirstPage) {
  ApiServer server;
  for (const char* name : {"a", "b", "c"}) create(server, "configmaps", name);
  Call call = call_for(Verb::list, "configmaps", "");
  call.limit = 2;
  const Answer first = server.handle(call);
  EXPECT_EQ(first.body["metadata"]["remainingItemCount"], 1);
  server.handle(call_for(Verb::remove, "configmaps", "c"));
  call.resume = first.body["metadata"]["continue"];
  const Answer second = server.handle(call);
  ASSERT_EQ(second.body["items"].size(), 1U);
  EXPECT_EQ(second.body["items"][0]["metadata"]["name"], "c");
  server.store().compact(server.store().version());
  EXPECT_EQ(server.handle(call).code, 410);
}

TEST(EmbeddedServer, TheSameSeedGivesTheSameIdentities) {
  Options options;
  options.seed = 7;
  ApiServer one(options), two(options);
  EXPECT_EQ(create(one, "configmaps", "a").body["metadata"]["uid"],
            create(two, "configmaps", "a").body["metadata"]["uid"]);
}

TEST(EmbeddedServer, AMalformedObjectIsABadRequestAndNoCrash) {
  ApiServer server;
  Call call = call_for(Verb::create, "pods", "");
  for (const Json& body : {Json(3), Json::array(), Json({{"metadata", 5}}),
                           Json({{"metadata", {{"name", "a"}}}, {"spec", "text"}}),
                           Json({{"metadata", {{"name", 5}}}})}) {
    call.body = body;
    const int code = server.handle(call).code;
    EXPECT_TRUE(code == 400 || code == 422) << body << " " << code;
  }
}

TEST(EmbeddedServer, ADryRunWritesNothing) {
  ApiServer server;
  Call call = call_for(Verb::create, "configmaps", "");
  call.body = {{"metadata", {{"name", "a"}}}};
  call.dry_run = true;
  EXPECT_EQ(server.handle(call).code, 201);
  EXPECT_EQ(get(server, "configmaps", "a").code, 404);
}

TEST(EmbeddedServer, AScheduledPodKeepsItsObjectForItsGracePeriod) {
  ApiServer server;
  const Json spec = {{"nodeName", "n"}, {"containers", {{{"name", "c"}, {"image", "i"}}}}};
  create(server, "pods", "p", {{"spec", spec}});
  Call removal = call_for(Verb::remove, "pods", "p");
  const Answer begun = server.handle(removal);
  EXPECT_EQ(begun.body["metadata"]["deletionGracePeriodSeconds"], 30);
  EXPECT_EQ(get(server, "pods", "p").code, 200);
  removal.body = {{"gracePeriodSeconds", 0}};
  EXPECT_EQ(server.handle(removal).code, 200);
  EXPECT_EQ(get(server, "pods", "p").code, 404);
}

TEST(EmbeddedPatch, AStrategicPatchMergesContainersByName) {
  const Kinds kinds;
  const KindPtr pods = kinds.find("", "v1", "pods");
  const Json pod = {
      {"spec",
       {{"containers", {{{"name", "a"}, {"image", "1"}, {"tty", true}}, {{"name", "b"}}}}}}};
  const Json change = {
      {"spec",
       {{"$setElementOrder/containers", {{{"name", "a"}}}},
        {"containers", {{{"name", "a"}, {"image", "2"}}, {{"name", "b"}, {"$patch", "delete"}}}}}}};
  EXPECT_EQ(patched(*pods, PatchType::strategic, pod, change)["spec"],
            Json({{"containers", {{{"name", "a"}, {"image", "2"}, {"tty", true}}}}}));
}

TEST(EmbeddedTable, APodShowsWhyItWaits) {
  const Kinds kinds;
  const KindPtr pods = kinds.find("", "v1", "pods");
  const Json status = {{"name", "c"},
                       {"ready", false},
                       {"restartCount", 4},
                       {"state", {{"waiting", {{"reason", "ImagePullBackOff"}}}}}};
  const Json pod = {{"metadata", {{"name", "p"}, {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
                    {"spec", {{"containers", {{{"name", "c"}}}}}},
                    {"status", {{"phase", "Pending"}, {"containerStatuses", {status}}}}};
  const Json table = as_table(*pods, "v1", pod, parse_time("2026-01-01T00:03:20Z"), false);
  const Json& cells = table["rows"][0]["cells"];
  EXPECT_EQ(cells[1], "0/1");
  EXPECT_EQ(cells[2], "ImagePullBackOff");
  EXPECT_EQ(cells[3], 4);
  EXPECT_EQ(cells.back(), "3m20s");
}

TEST(EmbeddedRoute, PathsAndQueriesBecomeCalls) {
  http::Request request;
  request.target = "/apis/kubedb.com/v1/namespaces/demo/mysqls/x/status?fieldValidation=Strict";
  request.method = "PUT";
  request.body = "{}";
  const Route route = route_of(request);
  ASSERT_TRUE(route.call);
  EXPECT_EQ(route.call->verb, Verb::update);
  EXPECT_EQ(route.call->group, "kubedb.com");
  EXPECT_EQ(route.call->space, "demo");
  EXPECT_EQ(route.call->name, "x");
  EXPECT_EQ(route.call->subresource, "status");
  EXPECT_TRUE(route.call->strict);
  request = {};
  request.target = "/api/v1/namespaces/demo";
  EXPECT_EQ(route_of(request).call->name, "demo");
  request.target = "/api/v1/pods?watch=1&labelSelector=a%3Db%2Cc";
  EXPECT_EQ(route_of(request).call->verb, Verb::watch);
  EXPECT_EQ(route_of(request).call->label_selector, "a=b,c");
  request.target = "/openapi/v3";
  EXPECT_FALSE(route_of(request).call);
  request.target = "/api/v1/pods?limit=x";
  EXPECT_THROW(route_of(request), Refusal);
}

TEST(EmbeddedAudit, ASecretsBodyIsNotLogged) {
  Call call = call_for(Verb::create, "secrets", "");
  call.body = {{"stringData", {{"password", "hunter2"}}}};
  const Answer answer{201, call.body};
  EXPECT_EQ(audit_event(call, answer, {}).dump().find("hunter2"), std::string::npos);
  call.plural = "configmaps";
  EXPECT_NE(audit_event(call, answer, {}).dump().find("hunter2"), std::string::npos);
}

// As kubectl 1.32 sends it for `kubectl create namespace demo`.
TEST(EmbeddedProtobuf, ANamespaceIsRead) {
  using namespace std::string_literals;
  const std::string meta = "\x0a\x04"s + "demo" + "\x12\x00\x1a\x00"s;
  const std::string object = "\x0a"s + static_cast<char>(meta.size()) + meta;
  const std::string type = "\x0a\x02"s + "v1" + "\x12\x09" + "Namespace";
  const std::string envelope = "\x0a"s + static_cast<char>(type.size()) + type + "\x12"s +
                               static_cast<char>(object.size()) + object;
  const auto parsed = parse_protobuf("k8s\0"s + envelope);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed,
            Json({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "demo"}}}}));
  EXPECT_FALSE(parse_protobuf("k8s\0"s + envelope.substr(0, envelope.size() - 3)));
}

TEST(EmbeddedDiscovery, EveryServedGroupAndKindIsFound) {
  const Kinds kinds;
  const Json groups = *discovery_document(kinds, "/apis");
  for (const Json& group : groups["groups"]) {
    const std::string path =
        "/apis/" + group["preferredVersion"]["groupVersion"].get<std::string>();
    EXPECT_TRUE(discovery_document(kinds, path)) << path;
    EXPECT_TRUE(discovery_document(kinds, "/openapi/v3" + path)) << path;
  }
  EXPECT_FALSE(discovery_document(kinds, "/apis/not.there/v1"));
}

}  // namespace
}  // namespace ratchet::k8s::embedded
