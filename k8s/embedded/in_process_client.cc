#include "k8s/embedded/in_process_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "k8s/embedded/json_access.h"

namespace ratchet::k8s::embedded {
namespace {

namespace asio = boost::asio;

bool expected(int code) {
  constexpr std::array codes = {404, 409, 410, 412, 422};
  return (code >= 200 && code < 300) || std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string described(const Call& call) {
  return std::string(verb_name(call.verb)) + " " + call.plural + " " + call.space + "/" + call.name;
}

const char* policy_name(Propagation propagation) {
  switch (propagation) {
    case Propagation::background:
      return "Background";
    case Propagation::foreground:
      return "Foreground";
    case Propagation::orphan:
      return "Orphan";
  }
  return "Background";
}

}  // namespace

Call InProcessClient::call_of(Verb verb, const Resource& resource, const std::string& space,
                              const std::string& name) const {
  Call call;
  call.verb = verb;
  call.group = resource.group;
  call.version = resource.version;
  call.plural = resource.plural;
  call.space = space;
  call.name = name;
  call.user = user_;
  return call;
}

asio::awaitable<Reply> InProcessClient::send(Call call) {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  Answer answer = server_.handle(call);
  if (answer.lost) throw ApiError(0, described(call) + ": no answer (an injected fault)");
  if (!expected(answer.code)) {
    throw ApiError(answer.code, described(call) + ": " + text(answer.body, {"message"}));
  }
  co_return Reply{answer.code, std::move(answer.body)};
}

asio::awaitable<Reply> InProcessClient::get(Resource resource, Key key) {
  co_return co_await send(call_of(Verb::get, resource, key.space, key.name));
}

asio::awaitable<Reply> InProcessClient::list(Resource resource, std::string space,
                                             ListOptions options) {
  Call call = call_of(Verb::list, resource, space, "");
  call.label_selector = options.label_selector;
  call.field_selector = options.field_selector;
  call.limit = static_cast<std::size_t>(options.page);
  Json items = Json::array();
  while (true) {
    Reply reply = co_await send(call);
    if (!reply.ok()) co_return reply;
    for (Json& item : reply.body["items"]) items.push_back(std::move(item));
    call.resume = text(reply.body, {"metadata", "continue"});
    if (!call.resume.empty()) continue;
    reply.body["items"] = std::move(items);
    co_return reply;
  }
}

asio::awaitable<Reply> InProcessClient::create(Resource resource, Json object) {
  Call call = call_of(Verb::create, resource, text(object, {"metadata", "namespace"}), "");
  call.body = std::move(object);
  co_return co_await send(std::move(call));
}

asio::awaitable<Reply> InProcessClient::update(Resource resource, Json object) {
  Call call = call_of(Verb::update, resource, text(object, {"metadata", "namespace"}),
                      text(object, {"metadata", "name"}));
  call.body = std::move(object);
  co_return co_await send(std::move(call));
}

asio::awaitable<Reply> InProcessClient::update_status(Resource resource, Json object) {
  Call call = call_of(Verb::update, resource, text(object, {"metadata", "namespace"}),
                      text(object, {"metadata", "name"}));
  call.subresource = "status";
  call.body = std::move(object);
  co_return co_await send(std::move(call));
}

asio::awaitable<Reply> InProcessClient::merge_patch(Resource resource, Key key, Json patch) {
  Call call = call_of(Verb::patch, resource, key.space, key.name);
  call.patch_type = PatchType::merge;
  call.body = std::move(patch);
  co_return co_await send(std::move(call));
}

asio::awaitable<Reply> InProcessClient::remove(Resource resource, Key key, Preconditions only_if,
                                               Propagation propagation) {
  Call call = call_of(Verb::remove, resource, key.space, key.name);
  call.body = {{"propagationPolicy", policy_name(propagation)}};
  if (only_if.grace_seconds) call.body["gracePeriodSeconds"] = *only_if.grace_seconds;
  Json conditions = Json::object();
  if (!only_if.uid.empty()) conditions["uid"] = only_if.uid;
  if (!only_if.resource_version.empty()) conditions["resourceVersion"] = only_if.resource_version;
  if (!conditions.empty()) call.body["preconditions"] = std::move(conditions);
  co_return co_await send(std::move(call));
}

}  // namespace ratchet::k8s::embedded
