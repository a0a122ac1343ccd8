// A small Kubernetes API server for the demo and for tests: the verbs on the built-in kinds that
// this project uses and on custom ones, with the semantics and the words of kube-apiserver 1.32,
// as far as tests/k8s/contract shows them on both. Not thread-safe; nothing blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "k8s/embedded/call.h"
#include "k8s/embedded/kinds.h"
#include "k8s/embedded/store.h"
#include "k8s/embedded/time_text.h"
#include "k8s/embedded/watch.h"

namespace ratchet::k8s::embedded {

struct Options {
  std::function<Time()> now;     // not set: the system's clock
  std::uint64_t seed = 0;        // of uids and generated names; 0: a random one
  std::size_t history = 10'000;  // changes kept for watches
  Faults faults;
};

// Either the answer that refuses, or the watch.
struct WatchReply {
  Answer refusal;
  std::unique_ptr<Watch> watch;
};

class ApiServer {
 public:
  explicit ApiServer(Options options = {});

  // Everything but watches. Never throws for what a client sends.
  Answer handle(const Call& call);
  // The watch must not outlive the server.
  WatchReply watch(const Call& call);

  // Called after each call but watches, with its answer: the request log.
  using Listener = std::function<void(const Call& call, const Answer& answer)>;
  void on_call(Listener listener) { listener_ = std::move(listener); }

  Store& store() { return store_; }
  const Kinds& kinds() const { return kinds_; }
  Time now() const { return options_.now ? options_.now() : std::chrono::system_clock::now(); }

 private:
  struct Target {
    KindPtr kind;
    ObjectId id;
  };

  Answer carry_out(const Call& call);
  Answer dispatch(const Call& call);
  Target target_of(const Call& call) const;
  Object existing(const Target& target) const;

  Answer get(const Call& call);
  Answer list(const Call& call);
  std::vector<Object> page(const Call& call, const Kind& kind, Json& metadata);

  // writes.cc
  Answer create(const Call& call);
  Answer update(const Call& call);
  Answer patch(const Call& call);
  void check_body(const Call& call, const Kind& kind, const Json& object) const;
  void check_namespace(const Call& call, const Kind& kind) const;
  void name_new(const Kind& kind, Json& metadata);
  void conform(const Call& call, const Kind& kind, Json& object) const;
  void place(const Kind& kind, Json& object);
  Answer replace(const Call& call, const Target& target, const Json& old, Json object);
  Answer commit(const Call& call, const Target& target, const Json& old, Json object);
  std::string next_cluster_ip();

  // removal.cc
  Answer remove(const Call& call);
  Answer remove_all(const Call& call);
  bool removable(const Json& object) const;
  void dropped(const Target& target);

  std::string new_uid();
  std::string new_suffix();

  Options options_;
  Store store_;
  Kinds kinds_;
  std::mt19937_64 random_;
  std::uint32_t last_service_ = 0;
  Listener listener_;
};

}  // namespace ratchet::k8s::embedded
