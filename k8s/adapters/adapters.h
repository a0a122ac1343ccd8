// The handlers of the MySQL ports: the cluster by the Kubernetes API, the server by SQL. Each
// writing handler looks before it writes, and writes only what it has read (resourceVersion, uid),
// so that a repeated attempt finds what an earlier one did.
#pragma once

#include "engine/runtime/engine.h"
#include "k8s/adapters/steps.h"

namespace ratchet::k8s {

// The environment must outlive the handlers and every attempt under way.
void add_database_handlers(engine::Handlers& handlers, const Environment& environment);
// Of those: the snapshot of a volume, and the pause of others' backups.
void add_backup_handlers(engine::Handlers& handlers, const Environment& environment);
void add_stateful_set_handlers(engine::Handlers& handlers, const Environment& environment);
// Of those: how many pods it has, and with which resources.
void add_scaling_handlers(engine::Handlers& handlers, const Environment& environment);
void add_pod_handlers(engine::Handlers& handlers, const Environment& environment);
void add_server_handlers(engine::Handlers& handlers, const Environment& environment);
void add_group_handlers(engine::Handlers& handlers, const Environment& environment);
// Of those: moving the primary of a semi-synchronous cluster.
void add_hand_over_handlers(engine::Handlers& handlers, const Environment& environment);
// Of those: replacing a group's StatefulSet by another one, and having its primary step down.
void add_new_set_handlers(engine::Handlers& handlers, const Environment& environment);
void add_step_down_handler(engine::Handlers& handlers, const Environment& environment);
// The look before an upgrade, its plan and its window.
void add_preflight_handlers(engine::Handlers& handlers, const Environment& environment);
void add_plan_handlers(engine::Handlers& handlers, const Environment& environment);
// Of those: whether nodes can pull the target's image.
void add_image_handlers(engine::Handlers& handlers, const Environment& environment);

}  // namespace ratchet::k8s
