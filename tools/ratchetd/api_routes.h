// What the API serves: one table. The server, the authorization and docs/openapi.yaml follow it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tools/ratchetd/api_call.h"

namespace ratchet::ratchetd {

// Answers about the daemon itself; on the engine's thread.
enum class Probe : std::uint8_t { alive, ready, metrics };
// Reads the log; on a thread of its own. Throws BadRequest.
using Read = Answer (*)(const Sources& sources, const Call& call);
// Asks the engine; on its thread.
using Ask = Answer (*)(engine::Engine& engine, const Call& call);

// A field of an act's body besides `reason`, which every act needs.
struct Field {
  enum class Type : std::uint8_t { text, number, any };
  const char* name;
  Type type = Type::text;
  bool required = true;
};
// What became of an act: why it was refused, or what its answer says beyond the usual.
struct Done {
  Done(engine::Refusal why) : refused(std::move(why)) {}  // NOLINT(google-explicit-constructor)
  engine::Refusal refused;
  Json more = Json::object();
};
// Done by the engine, on its thread. The run is in the log. Throws BadRequest.
struct Act {
  std::vector<Field> fields;
  Done (*perform)(engine::Engine& engine, const store::LogReader& log, const Call& call,
                  const engine::By& by);
  bool on_ended = false;  // also to runs that have ended
};

// A long answer: server-sent events.
enum class Stream : std::uint8_t { events };

struct Route {
  const char* method;
  const char* path;       // {run} and {name} stand for one segment each
  const char* operation;  // as docs/openapi.yaml names it
  // What a caller must be allowed: this verb on runs of ratchet.dev, or, of a path that is about no
  // run, on that path. Empty: nothing.
  const char* verb;
  std::variant<Probe, Read, Ask, Act, Stream> serve;
};

std::span<const Route> routes();

// A request line, taken apart. `route` is null if there is none; then `others` holds the methods
// that this path has.
struct Match {
  const Route* route = nullptr;
  Call call;
  std::string others;
};
// Throws BadRequest for a target that is no path.
Match match(const std::string& method, const std::string& target);

// The body of an act: JSON with its fields and no others, and a reason. Throws BadRequest that
// names what is wrong.
Json parse_body(const Act& act, const std::string& body);

}  // namespace ratchet::ratchetd
