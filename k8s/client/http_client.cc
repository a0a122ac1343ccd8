#include "k8s/client/http_client.h"

#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include <boost/system/system_error.hpp>
#include <boost/url/url.hpp>

namespace ratchet::k8s {
namespace {

namespace asio = boost::asio;
namespace urls = boost::urls;
using Clock = std::chrono::steady_clock;

constexpr const char* json_type = "application/json";
constexpr const char* merge_patch_type = "application/merge-patch+json";

struct Parameter {
  const char* name;
  std::string value;  // empty: left out
};

bool expected(int status) {
  return (status >= 200 && status < 300) || status == 404 || status == 409 || status == 410 ||
         status == 412 || status == 422;
}

// The server answers in JSON; a proxy, or a path that nobody serves, in plain text.
Json body_of(const http::Response& response) {
  Json body = Json::parse(response.body, nullptr, false);
  if (body.is_object()) {
    return body;
  }
  return {{"kind", "Status"}, {"code", response.status}, {"message", response.body}};
}

Reply to_reply(const http::Request& request, const http::Response& response) {
  Reply reply{response.status, body_of(response)};
  if (expected(response.status)) {
    return reply;
  }
  constexpr std::size_t enough = 500;
  std::string why = reply.body.value("message", "").substr(0, enough);
  throw ApiError(response.status, request.method + " " + request.target + ": " +
                                      std::to_string(response.status) + " " +
                                      reply.body.value("reason", "") + ": " + why);
}

// Makes sure that the field is there and an array, or an object.
template <class Shape>
void require(Json& object, const char* field) {
  Json empty = Shape{};
  if (Json& value = object[field]; value.type() != empty.type()) {
    value = std::move(empty);
  }
}

Key key_of(const Json& object) {
  const Json metadata = object.value("metadata", Json::object());
  return {metadata.value("namespace", ""), metadata.value("name", "")};
}

const char* to_text(Propagation propagation) {
  switch (propagation) {
    case Propagation::foreground:
      return "Foreground";
    case Propagation::orphan:
      return "Orphan";
    case Propagation::background:
      break;
  }
  return "Background";
}

// Built-in lists leave the type out of their items; watch events have it. We want one shape.
void name_types(const Resource& resource, Json& items) {
  for (Json& item : items) {
    item.emplace("apiVersion", resource.api_version());
    item.emplace("kind", resource.kind);
  }
}

}  // namespace

struct HttpClient::Impl {
  Impl(const asio::any_io_executor& on, Access with, ClientOptions how)
      : executor(on), access(std::move(with)), options(std::move(how)), http(on, access.endpoint) {}

  std::string collection(const Resource& resource, const std::string& space,
                         std::initializer_list<Parameter> parameters) const {
    return target(resource, space, {}, parameters);
  }

  std::string object(const Resource& resource, const Key& key, const char* subresource,
                     std::initializer_list<Parameter> parameters) const {
    if (key.name.empty() || (resource.namespaced && key.space.empty())) {
      throw std::invalid_argument(resource.kind + ": an object needs a name" +
                                  (resource.namespaced ? " and a namespace" : ""));
    }
    std::vector<std::string> tail{key.name};
    if (*subresource != '\0') {
      tail.emplace_back(subresource);
    }
    return target(resource, key.space, tail, parameters);
  }

  std::string target(const Resource& resource, const std::string& space,
                     const std::vector<std::string>& tail,
                     std::initializer_list<Parameter> parameters) const {
    urls::url url(access.base_path.empty() ? "/" : access.base_path);
    auto path = url.segments();
    path.push_back(resource.group.empty() ? "api" : "apis");
    if (!resource.group.empty()) {
      path.push_back(resource.group);
    }
    path.push_back(resource.version);
    if (resource.namespaced && !space.empty()) {
      path.push_back("namespaces");
      path.push_back(space);
    }
    path.push_back(resource.plural);
    for (const std::string& segment : tail) {
      path.push_back(segment);
    }
    for (const Parameter& parameter : parameters) {
      if (!parameter.value.empty()) {
        url.params().append({parameter.name, parameter.value});
      }
    }
    return std::string(url.encoded_target());
  }

  http::Request request(const char* method, std::string where) {
    http::Request result{method, std::move(where), {}, ""};
    result.headers["Accept"] = json_type;
    result.headers["User-Agent"] = options.user_agent;
    if (std::string secret = token(); !secret.empty()) {
      result.headers["Authorization"] = "Bearer " + secret;
    }
    return result;
  }

  http::Request write(const char* method, std::string where, const Json& body,
                      const char* type = json_type) {
    http::Request result = request(method, std::move(where));
    result.headers["Content-Type"] = type;
    // Whatever others wrote into a text: it must not keep the rest from being written.
    result.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return result;
  }

  // Read again when it is older than token_age; a file that cannot be read then leaves the old.
  std::string token() {
    if (access.token_file.empty()) {
      return access.token;
    }
    auto now = Clock::now();
    if (!token_read || now >= *token_read + options.token_age) {
      try {
        token_cache = read_token(access.token_file);
        token_read = now;
      } catch (const std::runtime_error& error) {
        if (token_cache.empty()) {
          throw ApiError(0, error.what());
        }
      }
    }
    return token_cache;
  }

  // A call of the HTTP layer, with its failures as ApiError.
  template <class Result>
  asio::awaitable<Result> reached(asio::awaitable<Result> call) {
    std::string why;
    try {
      co_return co_await std::move(call);
    } catch (const boost::system::system_error&) {
      throw;  // cancelled
    } catch (const std::runtime_error& error) {
      why = error.what();
    }
    throw ApiError(0, why);
  }

  asio::awaitable<Reply> call(http::Request request) {
    auto response = co_await reached(http.fetch(request, options.deadline));
    co_return judge(request, response);
  }

  Reply judge(const http::Request& request, const http::Response& response) {
    if (response.status == 401) {
      token_read.reset();  // it may have been rotated
    }
    return to_reply(request, response);
  }

  asio::awaitable<Reply> page(const Resource& resource, const std::string& space,
                              const ListOptions& how, const std::string& from) {
    std::string limit = how.page > 0 ? std::to_string(how.page) : "";
    auto where = collection(resource, space,
                            {{"labelSelector", how.label_selector},
                             {"fieldSelector", how.field_selector},
                             {"limit", limit},
                             {"continue", from}});
    Reply reply = co_await call(request("GET", where));
    if (reply.ok()) {  // Go writes an empty list as null
      require<Json::array_t>(reply.body, "items");
      require<Json::object_t>(reply.body, "metadata");
    }
    co_return reply;
  }

  asio::any_io_executor executor;
  Access access;
  ClientOptions options;
  http::Client http;
  std::string token_cache;
  std::optional<Clock::time_point> token_read;  // none: to be read before the next request
};

HttpClient::HttpClient(const asio::any_io_executor& executor, Access access, ClientOptions options)
    : impl_(std::make_shared<Impl>(executor, std::move(access), std::move(options))) {}

HttpClient::~HttpClient() = default;

const std::string& HttpClient::default_space() const { return impl_->access.space; }
asio::any_io_executor HttpClient::executor() const { return impl_->executor; }

asio::awaitable<Reply> HttpClient::get(Resource resource, Key key) {
  auto impl = impl_;
  co_return co_await impl->call(impl->request("GET", impl->object(resource, key, "", {})));
}

asio::awaitable<Reply> HttpClient::list(Resource resource, std::string space, ListOptions options) {
  auto impl = impl_;
  Reply all = co_await impl->page(resource, space, options, "");
  Json items = Json::array();
  std::string from;
  Reply reply = all;
  while (reply.ok()) {
    for (Json& item : reply.body["items"]) {
      items.push_back(std::move(item));
    }
    std::string next = reply.body["metadata"].value("continue", "");
    if (next.empty()) {
      break;
    }
    if (next == from) {
      throw ApiError(0, "list of " + resource.plural + ": the server repeats a page for ever");
    }
    from = next;
    reply = co_await impl->page(resource, space, options, next);
    if (reply.gone() && options.page > 0) {  // compacted meanwhile: all at once
      options.page = 0;
      items.clear();
      reply = all = co_await impl->page(resource, space, options, "");
    }
  }
  if (!reply.ok()) {
    co_return reply;
  }
  name_types(resource, items);
  all.body["items"] = std::move(items);
  all.body["metadata"].erase("continue");
  all.body["metadata"].erase("remainingItemCount");
  co_return all;
}

asio::awaitable<Reply> HttpClient::create(Resource resource, Json object) {
  auto impl = impl_;
  std::string space = key_of(object).space;
  if (resource.namespaced && space.empty()) {
    throw std::invalid_argument(resource.kind + ": an object to create needs a namespace");
  }
  auto where = impl->collection(resource, space, {{"fieldManager", impl->options.field_manager}});
  co_return co_await impl->call(impl->write("POST", where, object));
}

asio::awaitable<Reply> HttpClient::update(Resource resource, Json object) {
  auto impl = impl_;
  auto where =
      impl->object(resource, key_of(object), "", {{"fieldManager", impl->options.field_manager}});
  co_return co_await impl->call(impl->write("PUT", where, object));
}

asio::awaitable<Reply> HttpClient::update_status(Resource resource, Json object) {
  auto impl = impl_;
  auto where = impl->object(resource, key_of(object), "status",
                            {{"fieldManager", impl->options.field_manager}});
  co_return co_await impl->call(impl->write("PUT", where, object));
}

asio::awaitable<Reply> HttpClient::merge_patch(Resource resource, Key key, Json patch) {
  auto impl = impl_;
  auto where = impl->object(resource, key, "", {{"fieldManager", impl->options.field_manager}});
  co_return co_await impl->call(impl->write("PATCH", where, patch, merge_patch_type));
}

asio::awaitable<Reply> HttpClient::remove(Resource resource, Key key, Preconditions only_if,
                                          Propagation propagation) {
  auto impl = impl_;
  Json how{
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", to_text(propagation)}};
  if (!only_if.uid.empty()) {
    how["preconditions"]["uid"] = only_if.uid;
  }
  if (!only_if.resource_version.empty()) {
    how["preconditions"]["resourceVersion"] = only_if.resource_version;
  }
  if (only_if.grace_seconds) how["gracePeriodSeconds"] = *only_if.grace_seconds;
  auto where = impl->object(resource, key, "", {});
  co_return co_await impl->call(impl->write("DELETE", where, how));
}

asio::awaitable<WatchReply> HttpClient::open_watch(Resource resource, std::string space,
                                                   WatchQuery query) {
  auto impl = impl_;
  auto where = impl->collection(resource, space,
                                {{"watch", "true"},
                                 {"allowWatchBookmarks", "true"},
                                 {"labelSelector", query.label_selector},
                                 {"fieldSelector", query.field_selector},
                                 {"resourceVersion", query.resource_version},
                                 {"timeoutSeconds", std::to_string(query.timeout.count())}});
  http::Request request = impl->request("GET", where);
  auto opened = co_await impl->reached(impl->http.stream(request, impl->options.deadline));
  WatchReply reply;
  if (opened.lines) {
    reply.lines = std::move(opened.lines);
  } else {
    reply.refusal = impl->judge(request, opened.head);
  }
  co_return reply;
}

}  // namespace ratchet::k8s
