// The parts of a MySQLOpsRequest that matter here.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ratchet::k8s {

// Both spellings of type and block are read (admission.h).
struct OpsRequest {
  std::string space;
  std::string name;
  std::string uid;
  std::string created;  // as the API writes it, so that texts compare as times
  std::int64_t generation = 0;
  std::string type;
  std::string database;
  std::string target_version;
  std::int32_t members = 0;  // of spec.horizontalScaling
  std::string resources;     // of spec.verticalScaling: requests and limits of the server, in JSON
  std::chrono::microseconds timeout{std::chrono::minutes{20}};  // of a step, all retries together
  std::string requested_by;  // as the webhook noted it (review.h); empty: it is not installed
  bool deleting = false;     // somebody deleted it, and a finalizer keeps it
  bool only_if_ready = true;
  bool needs_approval = false;
  std::string window;           // as its annotation says
  std::string backup_evidence;  // the same
  std::string approved_plan;    // hashes, as the annotations say
  std::string denied_plan;
  std::string decided_by;  // who set them, as the webhook recorded; empty: nobody recorded it
  std::string phase;       // as its status says
  std::string malformed;   // why it can never start; empty: it is well-formed

  bool ended() const {
    return phase == "Successful" || phase == "Failed" || phase == "Skipped" || phase == "Denied";
  }
};

}  // namespace ratchet::k8s
