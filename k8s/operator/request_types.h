// The types of MySQLOpsRequest that are served, each with its workflow, the input of a run, and the
// words of its conditions and Events. Whoever adds a type adds a row here, and says in
// k8s/api/request_rules.cc what its spec must have.
#pragma once

#include <cstdint>
#include <string>

#include "engine/core/values.h"
#include "k8s/operator/ops_request.h"

namespace ratchet::k8s {

// In messages `<x>` stands for namespace/name of the MySQL, `<o>` for that of the request, `<ops>`
// for the request's name. KubeDB's texts, misprints included.
struct ConditionWords {
  const char* type = nullptr;  // null: there is none
  const char* reason = nullptr;
  const char* message = nullptr;
};

// What a run of a request is about, as its input says.
struct RequestRun {
  std::string space;
  std::string database;
  std::string request;
  std::int64_t generation = 0;
};

// What is said once the work is done.
struct DoneWords {
  ConditionWords condition;
  const char* event;  // message of an Event
};

struct RequestType {
  const char* workflow;
  engine::Bytes (*input)(const OpsRequest& request);
  RequestRun (*about)(const engine::Bytes& input);
  bool has_plan;            // that can be approved, or wait for a window
  ConditionWords started;   // the run has started
  ConditionWords begun;     // the database is being paused
  const char* begun_event;  // message of an Event when it is paused; null: there is none
  const char* work_step;    // once this activity has completed, the work is done
  DoneWords done;  // then; the condition is False with the reason `failed` if the run fails before
  // The same by the input of that activity, if it is not always the same; null: it is.
  DoneWords (*done_by)(const engine::Bytes& input);
  const char* failed;
  ConditionWords ended;     // the run has completed
  const char* ended_event;  // message of an Event then
  // Each pod's way is told by conditions and Events: `evict pod; ConditionStatus:True`, ….
  bool tells_pods;
};

// Of spec.type. Null: the type is not served.
const RequestType* request_type(const std::string& type);

// Whose runs are of this workflow. Null: it answers no request.
const RequestType* type_of_workflow(const std::string& workflow);

}  // namespace ratchet::k8s
