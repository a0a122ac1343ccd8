// The names that records refer to by number, and the payload types behind them. Kept in the log
// itself, so that a log describes itself: histories can be printed and inputs compared field by
// field without the code that wrote them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/activity.h"
#include "engine/core/event.h"
#include "engine/core/workflow.h"

namespace ratchet::engine {

struct ActivityDefinition {
  std::uint32_t id = 0;
  std::string name;
  Effect effect = Effect::read;
  bool irreversible = false;
  std::string input_type;
  std::string output_type;
  std::vector<std::uint32_t> files;
};

struct WorkflowDefinition {
  std::uint32_t id = 0;
  std::string name;
  std::uint32_t version = 0;
  std::string input_type;
  std::string output_type;
  std::vector<std::uint32_t> files;
};

// Single-threaded. A definition never changes; when a type does, its owner gets a new one.
class Definitions {
 public:
  Definitions();
  ~Definitions();
  Definitions(const Definitions&) = delete;
  Definitions& operator=(const Definitions&) = delete;

  // Learns a definition record of the log. False if the record is none.
  bool learn(const std::string& record);

  // The id of the name; `info` and `type` must outlive this. Records that must be appended before
  // any use of it are added to fresh(). Throws std::length_error if one would be too large; then
  // the name is not defined.
  std::uint32_t principal(const std::string& name);
  std::uint32_t signal(const std::string& name);
  std::uint32_t activity(const ActivityInfo& info);
  std::uint32_t workflow(const WorkflowType& type);
  // Takes what must be appended: id and record, in order.
  std::vector<std::pair<std::uint32_t, std::string>> take_fresh();

  // The other way round. Throws store::Error (corrupt) for an id that was never defined.
  const std::string& principal_name(std::uint32_t id) const;
  const std::string& signal_name(std::uint32_t id) const;
  const ActivityDefinition& activity(std::uint32_t id) const;
  const WorkflowDefinition& workflow(std::uint32_t id) const;
  // The definition that the code uses now, which activity(info) or workflow(type) made or found.
  std::uint32_t current_activity(const std::string& name) const;
  std::uint32_t current_workflow(const std::string& name, std::uint32_t version) const;

  // Decodes with the type as it was recorded. JSON on one line; on undecodable bytes a text that
  // says so.
  std::string to_json(const std::vector<std::uint32_t>& files, const std::string& type,
                      const Bytes& bytes) const;

  // The other way round; nothing if the JSON is not of that type.
  std::optional<Bytes> from_json(const std::vector<std::uint32_t>& files, const std::string& type,
                                 const std::string& json) const;

  // How two payloads differ over the fields that the recorded type knew; nothing if they do not.
  std::optional<std::string> difference(const std::vector<std::uint32_t>& files,
                                        const std::string& type, const Bytes& recorded,
                                        const Bytes& attempted) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ratchet::engine
