// A request to the API as its handlers see it, and what they answer. docs/openapi.yaml is the
// description for others; tests compare the two.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "engine/core/workflow.h"
#include "engine/runtime/engine.h"
#include "store/log.h"

namespace ratchet::ratchetd {

using Json = nlohmann::ordered_json;

// The request was understood by nobody: answered with 400.
class BadRequest : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What reads are answered from. `workflows`: of this build, which say until when steps are waited
// for (engine/inspect/waiting.h).
struct Sources {
  const store::LogReader& log;
  const engine::Registry& workflows;
};

struct Call {
  std::string run;                             // {run} of the path, decoded; empty: it has none
  std::string name;                            // {name} of the path
  std::map<std::string, std::string> options;  // of the query
  Json body = Json::object();                  // of an act; fits its fields
  std::string caller;                          // as it is recorded
};

struct Answer {
  int status = 200;
  Json body = Json::object();
  std::string text{};  // instead of the body, for what is no JSON
  std::map<std::string, std::string> headers{};
};

// {"error": {"code", "message"}}: the code is for programs and never changes its meaning.
inline Answer refusal(int status, const char* code, const std::string& message) {
  return {status, {{"error", {{"code", code}, {"message", message}}}}, {}, {}};
}

}  // namespace ratchet::ratchetd
