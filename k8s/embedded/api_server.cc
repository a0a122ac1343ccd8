#include "k8s/embedded/api_server.h"

#include <algorithm>
#include <utility>

#include "k8s/embedded/defaults.h"
#include "k8s/embedded/json_access.h"
#include "k8s/embedded/refusal.h"

namespace ratchet::k8s::embedded {
namespace {

Json no_such_resource() {
  return failure(404, "NotFound", "the server could not find the requested resource",
                 Json::object());
}

bool has_subresource(const Kind& kind, const std::string& name) {
  if (name.empty()) return true;
  return name == "status" ? kind.has_status : name == "finalize" && kind.resource() == "namespaces";
}

// The place where a paged list goes on, opaque to clients: {version, namespace, name} seen last.
std::string page_token(std::uint64_t version, const Json& last) {
  const Json token = {{"rv", version},
                      {"space", text(last, {"metadata", "namespace"})},
                      {"name", text(last, {"metadata", "name"})}};
  return base64(token.dump());
}

Json parse_token(const std::string& token) {
  try {
    return Json::parse(from_base64(token));
  } catch (const std::exception& error) {
    throw bad_request(std::string("invalid continue token: continue key is not valid: ") +
                      error.what());
  }
}

bool after(const Json& object, const Json& token) {
  const auto place = [](const std::string& space, const std::string& name) {
    return std::pair(space, name);
  };
  return place(text(object, {"metadata", "namespace"}), text(object, {"metadata", "name"})) >
         place(text(token, {"space"}), text(token, {"name"}));
}

}  // namespace

const char* verb_name(Verb verb) {
  constexpr const char* names[] = {"get",    "list",  "watch",  "create",
                                   "update", "patch", "delete", "deletecollection"};
  return names[static_cast<std::size_t>(verb)];
}

ApiServer::ApiServer(Options options)
    : options_(std::move(options)),
      store_(options_.history),
      random_(options_.seed ? options_.seed : std::random_device{}()) {
  for (const char* name : {"default", "kube-system", "kube-public"}) {
    Call call;
    call.verb = Verb::create;
    call.version = "v1";
    call.plural = "namespaces";
    call.body = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
    carry_out(call);
  }
}

Answer ApiServer::handle(const Call& call) {
  Answer answer = carry_out(call);
  if (listener_) listener_(call, answer);
  return answer;
}

Answer ApiServer::carry_out(const Call& call) {
  Fault fault = Fault::none;
  if (is_write(call.verb) && options_.faults.on_write) fault = options_.faults.on_write(call);
  if (fault == Fault::lost_before) return {504, nullptr, true};
  try {
    if (fault == Fault::refuse) {
      throw Refusal(failure(500, "InternalError", "an injected fault", nullptr));
    }
    if (fault == Fault::forbid) {
      throw forbidden(*target_of(call).kind, call.name, "an injected fault");
    }
    if (fault == Fault::conflict) throw stale(*target_of(call).kind, call.name);
    Answer answer = dispatch(call);
    answer.lost = fault == Fault::lost_after;
    return answer;
  } catch (const Refusal& refusal) {
    return {refusal.status().value("code", 500), refusal.status(), fault == Fault::lost_after};
  } catch (const Json::exception& error) {
    // Only what a client sent has a shape that we did not check.
    return {400,
            failure(400, "BadRequest",
                    std::string("the object has an unexpected form: ") + error.what(), nullptr)};
  }
}

Answer ApiServer::dispatch(const Call& call) {
  switch (call.verb) {
    case Verb::get:
      return get(call);
    case Verb::list:
      return list(call);
    case Verb::create:
      return create(call);
    case Verb::update:
      return update(call);
    case Verb::patch:
      return patch(call);
    case Verb::remove:
      return remove(call);
    case Verb::remove_all:
      return remove_all(call);
    case Verb::watch:
      break;
  }
  throw bad_request("a watch needs ApiServer::watch");
}

ApiServer::Target ApiServer::target_of(const Call& call) const {
  Target target;
  target.kind = kinds_.find(call.group, call.version, call.plural);
  if (!target.kind || !has_subresource(*target.kind, call.subresource)) {
    throw Refusal(no_such_resource());
  }
  target.id = {target.kind->resource(), target.kind->namespaced ? call.space : "", call.name};
  return target;
}

Object ApiServer::existing(const Target& target) const {
  Object object = store_.find(target.id);
  if (!object) throw not_found(target.id.resource, target.id.name);
  return object;
}

Answer ApiServer::get(const Call& call) {
  const Target target = target_of(call);
  return {200, in_version(*target.kind, call.version, *existing(target))};
}

// Fills in the list's metadata.
std::vector<Object> ApiServer::page(const Call& call, const Kind& kind, Json& metadata) {
  std::uint64_t version = store_.version();
  const Json token = call.resume.empty() ? Json() : parse_token(call.resume);
  if (!token.is_null()) {
    version = token.value("rv", version);
  } else if (call.resource_version == "0" && options_.faults.visible) {
    version = options_.faults.visible(call, version);
  }
  auto all = store_.list_at(kind.resource(), kind.namespaced ? call.space : "", version);
  if (!all) {
    throw Refusal(
        expired("The provided continue parameter is too old to display a consistent list "
                "result. You can start a new list without the continue parameter."));
  }
  const auto labels = Selector::of_labels(call.label_selector);
  const auto fields = Selector::of_fields(call.field_selector, kind);
  std::erase_if(*all, [&](const Object& object) {
    return !labels.matches(*object) || !fields.matches(*object) ||
           (!token.is_null() && !after(*object, token));
  });
  metadata = {{"resourceVersion", std::to_string(version)}};
  if (call.limit > 0 && all->size() > call.limit) {
    if (labels.empty() && fields.empty()) metadata["remainingItemCount"] = all->size() - call.limit;
    all->resize(call.limit);
    metadata["continue"] = page_token(version, *all->back());
  }
  return std::move(*all);
}

Answer ApiServer::list(const Call& call) {
  const KindPtr kind = target_of(call).kind;
  Json metadata;
  Json items = Json::array();
  for (const Object& object : page(call, *kind, metadata)) {
    Json item = in_version(*kind, call.version, *object);
    if (!kind->custom) {  // typed lists of the real server do not repeat these
      item.erase("apiVersion");
      item.erase("kind");
    }
    items.push_back(std::move(item));
  }
  return {200,
          {{"kind", kind->list_kind()},
           {"apiVersion", kind->api_version(call.version)},
           {"metadata", std::move(metadata)},
           {"items", std::move(items)}}};
}

WatchReply ApiServer::watch(const Call& call) {
  try {
    const KindPtr kind = target_of(call).kind;
    std::vector<Object> initial;
    std::uint64_t from = store_.version();
    if (call.resource_version.empty() || call.resource_version == "0") {
      if (options_.faults.visible) from = options_.faults.visible(call, from);
      initial = store_.list_at(kind->resource(), kind->namespaced ? call.space : "", from)
                    .value_or(std::vector<Object>());
    } else if (call.resource_version.find_first_not_of("0123456789") != std::string::npos) {
      throw bad_request("invalid resource version \"" + call.resource_version + "\"");
    } else {
      from = std::stoull(call.resource_version);
    }
    return {{},
            std::make_unique<Watch>(store_, kind, call, std::move(initial), from, options_.faults)};
  } catch (const Refusal& refusal) {
    return {{refusal.status().value("code", 500), refusal.status()}, nullptr};
  }
}

std::string ApiServer::new_uid() {
  constexpr const char* digits = "0123456789abcdef";
  std::string uid = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  for (char& letter : uid) {
    if (letter == 'x') letter = digits[random_() % 16];
    if (letter == 'y') letter = digits[8 + random_() % 4];
  }
  return uid;
}

std::string ApiServer::new_suffix() {
  constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
  std::string suffix(5, ' ');
  for (char& letter : suffix) letter = letters[random_() % letters.size()];
  return suffix;
}

}  // namespace ratchet::k8s::embedded
