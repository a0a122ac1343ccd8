// A Client with a few objects in memory, resourceVersions and faults, for tests of what only needs
// the verbs.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "k8s/client/client.h"

namespace ratchet::k8s::testing {

class MemoryApi final : public Client {
 public:
  enum class Fault { none, refuse, lose_answer };  // refuse: nothing done; both throw ApiError

  std::function<Fault(const std::string& verb)> fault;
  std::map<std::string, Json> objects;  // by name
  std::vector<std::string> calls;       // the verbs

  Json& at(const std::string& name) { return objects.at(name); }
  // What a third party's edit does.
  void touch(const std::string& name) { stamp(objects.at(name)); }

  boost::asio::awaitable<Reply> get(Resource, Key key) override {
    co_return answer("get", [&] { return find(key.name); });
  }
  boost::asio::awaitable<Reply> create(Resource, Json object) override {
    co_return answer("create", [&] {
      std::string name = object["metadata"]["name"];
      return objects.count(name) != 0 ? refusal(409) : store(name, object, 201);
    });
  }
  boost::asio::awaitable<Reply> update(Resource, Json object) override {
    co_return answer("update", [&] {
      std::string name = object["metadata"]["name"];
      Reply found = find(name);
      if (!found.ok()) {
        return found;
      }
      bool same =
          object["metadata"]["resourceVersion"] == found.body["metadata"]["resourceVersion"];
      return same ? store(name, object, 200) : refusal(409);
    });
  }
  boost::asio::awaitable<Reply> merge_patch(Resource, Key key, Json patch) override {
    co_return answer("patch", [&] {
      Reply found = find(key.name);
      if (!found.ok()) {
        return found;
      }
      found.body.merge_patch(patch);
      return store(key.name, found.body, 200);
    });
  }
  boost::asio::awaitable<Reply> list(Resource, std::string, ListOptions) override {
    co_return refusal(404);
  }
  boost::asio::awaitable<Reply> update_status(Resource, Json) override { co_return refusal(404); }
  boost::asio::awaitable<Reply> remove(Resource, Key, Preconditions, Propagation) override {
    co_return refusal(404);
  }

 private:
  static Reply refusal(int code) {
    return {code, {{"kind", "Status"}, {"code", code}, {"message", "refused"}}};
  }
  Reply find(const std::string& name) {
    auto found = objects.find(name);
    return found == objects.end() ? refusal(404) : Reply{200, found->second};
  }
  void stamp(Json& object) { object["metadata"]["resourceVersion"] = std::to_string(++version_); }
  Reply store(const std::string& name, Json object, int code) {
    stamp(object);
    objects[name] = object;
    return {code, object};
  }
  template <class Act>
  Reply answer(const std::string& verb, const Act& act) {
    calls.push_back(verb);
    Fault what = fault ? fault(verb) : Fault::none;
    if (what == Fault::refuse) {
      throw ApiError(503, "refused");
    }
    Reply reply = act();
    if (what == Fault::lose_answer) {
      throw ApiError(0, "no answer");
    }
    return reply;
  }

  int version_ = 0;
};

}  // namespace ratchet::k8s::testing
