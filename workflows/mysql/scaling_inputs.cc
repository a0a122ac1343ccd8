#include "workflows/mysql/scaling_inputs.h"

namespace ratchet::mysql {

namespace {

template <class Message>
Message about_set(const Upgrade& scaling, const Workload& set) {
  Message message;
  *message.mutable_database() = scaling.request.database();
  message.set_stateful_set(set.stateful_set());
  message.set_stateful_set_uid(set.stateful_set_uid());
  return message;
}

template <class Message>
Message about_object(const Upgrade& scaling) {
  Message message;
  *message.mutable_database() = scaling.request.database();
  message.set_uid(scaling.database.uid());
  return message;
}

}  // namespace

SetReplicas as_many(const Upgrade& scaling, const Workload& set, int replicas) {
  auto in = about_set<SetReplicas>(scaling, set);
  in.set_replicas(replicas);
  return in;
}

RecordReplicas recorded(const Upgrade& scaling, int replicas, int from) {
  auto in = about_object<RecordReplicas>(scaling);
  in.set_replicas(replicas);
  in.set_from_replicas(from);
  return in;
}

ChangeResources new_resources(const Upgrade& scaling, const Workload& set,
                              const std::string& resources) {
  auto in = about_set<ChangeResources>(scaling, set);
  in.set_resources(resources);
  return in;
}

RestoreResources former_resources(const Upgrade& scaling, const Workload& set) {
  auto in = about_set<RestoreResources>(scaling, set);
  in.set_manifest(set.manifest());
  return in;
}

RecordResources recorded(const Upgrade& scaling, const std::string& resources) {
  auto in = about_object<RecordResources>(scaling);
  in.set_resources(resources);
  return in;
}

}  // namespace ratchet::mysql
