#include "engine/core/workflow.h"

namespace ratchet::engine {

void Registry::add(WorkflowType type) {
  if (type.version == 0) {
    throw std::invalid_argument("workflow " + type.name +
                                " needs a version from 1 up: 0 stands for the newest");
  }
  auto& versions = types_[type.name];
  const auto [at, fresh] = versions.emplace(type.version, std::move(type));
  if (!fresh) {
    throw std::invalid_argument("workflow " + at->second.name + " version " +
                                std::to_string(at->first) + " is registered twice");
  }
}

const WorkflowType* Registry::find(const std::string& name, std::uint32_t version) const {
  const auto versions = types_.find(name);
  if (versions == types_.end()) return nullptr;
  if (version == 0) return &versions->second.rbegin()->second;
  const auto type = versions->second.find(version);
  return type == versions->second.end() ? nullptr : &type->second;
}

}  // namespace ratchet::engine
