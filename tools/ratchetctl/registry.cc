#include "tools/ratchetctl/registry.h"

#include "workflows/mysql/update_version.h"

namespace ratchet::ratchetctl {

engine::Registry linked_workflows() {
  engine::Registry registry;
  mysql::add_workflows(registry);
  return registry;
}

}  // namespace ratchet::ratchetctl
