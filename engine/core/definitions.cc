#include "engine/core/definitions.h"

#include <set>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include "ratchet/v1/log.pb.h"
#include "store/log.h"

namespace ratchet::engine {

namespace pb = google::protobuf;

namespace {

[[noreturn]] void undefined(const char* what, std::uint32_t id) {
  throw store::Error(store::Fault::corrupt, std::string("a record refers to ") + what + " " +
                                                std::to_string(id) +
                                                ", which the log never defined; run "
                                                "`ratchetctl verify` on it");
}

// Types of one set of files, kept while definitions live.
struct Types {
  pb::DescriptorPool pool;
  pb::DynamicMessageFactory factory{&pool};
};

void collect(const pb::FileDescriptor* file, std::vector<const pb::FileDescriptor*>& in_order,
             std::set<const pb::FileDescriptor*>& seen) {
  if (!seen.insert(file).second) return;
  for (int i = 0; i < file->dependency_count(); ++i) collect(file->dependency(i), in_order, seen);
  in_order.push_back(file);
}

}  // namespace

struct Definitions::Impl {
  std::uint32_t next_id = 1;
  std::map<std::uint32_t, std::string> principals, signals, files;
  std::map<std::uint32_t, ActivityDefinition> activities;
  std::map<std::uint32_t, WorkflowDefinition> workflows;
  std::map<std::string, std::uint32_t> by_content;  // the definition without its id → id
  std::map<std::string, std::uint32_t> current_activities;
  std::map<std::pair<std::string, std::uint32_t>, std::uint32_t> current_workflows;
  std::map<const ActivityInfo*, std::uint32_t> known_infos;
  std::map<const WorkflowType*, std::uint32_t> known_types;
  std::map<std::vector<std::uint32_t>, std::unique_ptr<Types>> types;
  std::vector<std::pair<std::uint32_t, std::string>> fresh;

  void keep(const v1::Definition& definition);
  std::uint32_t define(v1::Definition definition);
  std::vector<std::uint32_t> define_files(const pb::Descriptor* a, const pb::Descriptor* b);
  std::unique_ptr<pb::Message> make(const std::vector<std::uint32_t>& with,
                                    const std::string& type);
  std::unique_ptr<pb::Message> parse(const std::vector<std::uint32_t>& with,
                                     const std::string& type, const Bytes& bytes);
};

Definitions::Definitions() : impl_(std::make_unique<Impl>()) {}
Definitions::~Definitions() = default;

void Definitions::Impl::keep(const v1::Definition& definition) {
  const std::uint32_t id = definition.id();
  next_id = std::max(next_id, id + 1);
  v1::Definition content = definition;
  content.clear_id();
  by_content[content.SerializeAsString()] = id;
  switch (definition.what_case()) {
    case v1::Definition::kPrincipal:
      principals[id] = definition.principal();
      break;
    case v1::Definition::kSignal:
      signals[id] = definition.signal().name();
      break;
    case v1::Definition::kFile:
      files[id] = definition.file();
      break;
    case v1::Definition::kActivity: {
      const auto& a = definition.activity();
      activities[id] = {id,
                        a.name(),
                        static_cast<Effect>(a.effect()),
                        a.irreversible(),
                        a.input_type(),
                        a.output_type(),
                        {a.files().begin(), a.files().end()}};
      break;
    }
    case v1::Definition::kWorkflow: {
      const auto& w = definition.workflow();
      workflows[id] = {id,
                       w.name(),
                       w.version(),
                       w.input_type(),
                       w.output_type(),
                       {w.files().begin(), w.files().end()}};
      break;
    }
    case v1::Definition::WHAT_NOT_SET:
      throw store::Error(store::Fault::unsupported,
                         "definition " + std::to_string(id) +
                             " is of a kind that this build does not know; use a newer build");
  }
}

std::uint32_t Definitions::Impl::define(v1::Definition definition) {
  const auto known = by_content.find(definition.SerializeAsString());
  if (known != by_content.end()) return known->second;
  definition.set_id(next_id);
  v1::Record record;
  *record.mutable_definition() = definition;
  std::string bytes = record.SerializeAsString();
  if (bytes.size() > store::max_record_bytes) {
    throw std::length_error(
        "a definition of " + std::to_string(bytes.size()) +
        " bytes, of a name or of the .proto file of a payload, does not fit into a record of " +
        std::to_string(store::max_record_bytes));
  }
  keep(definition);
  fresh.emplace_back(definition.id(), std::move(bytes));
  return definition.id();
}

std::vector<std::uint32_t> Definitions::Impl::define_files(const pb::Descriptor* a,
                                                           const pb::Descriptor* b) {
  std::vector<const pb::FileDescriptor*> in_order;
  std::set<const pb::FileDescriptor*> seen;
  collect(a->file(), in_order, seen);
  collect(b->file(), in_order, seen);
  std::vector<std::uint32_t> ids;
  for (const pb::FileDescriptor* file : in_order) {
    pb::FileDescriptorProto description;
    file->CopyTo(&description);
    v1::Definition definition;
    definition.set_file(description.SerializeAsString());
    ids.push_back(define(definition));
  }
  return ids;
}

bool Definitions::learn(const std::string& record) {
  v1::Record parsed;
  if (!parsed.ParseFromString(record) || !parsed.has_definition()) return false;
  impl_->keep(parsed.definition());
  return true;
}

std::uint32_t Definitions::principal(const std::string& name) {
  v1::Definition definition;
  definition.set_principal(name);
  return impl_->define(definition);
}

std::uint32_t Definitions::signal(const std::string& name) {
  v1::Definition definition;
  definition.mutable_signal()->set_name(name);
  return impl_->define(definition);
}

std::uint32_t Definitions::activity(const ActivityInfo& info) {
  const auto known = impl_->known_infos.find(&info);
  if (known != impl_->known_infos.end()) return known->second;
  v1::Definition definition;
  auto& a = *definition.mutable_activity();
  a.set_name(info.name);
  a.set_effect(static_cast<std::uint32_t>(info.effect));
  a.set_irreversible(info.irreversible);
  a.set_input_type(info.input()->full_name());
  a.set_output_type(info.output()->full_name());
  for (std::uint32_t id : impl_->define_files(info.input(), info.output())) a.add_files(id);
  const std::uint32_t id = impl_->define(definition);
  impl_->current_activities[info.name] = id;
  return impl_->known_infos[&info] = id;
}

std::uint32_t Definitions::workflow(const WorkflowType& type) {
  const auto known = impl_->known_types.find(&type);
  if (known != impl_->known_types.end()) return known->second;
  v1::Definition definition;
  auto& w = *definition.mutable_workflow();
  w.set_name(type.name);
  w.set_version(type.version);
  w.set_input_type(type.input()->full_name());
  w.set_output_type(type.output()->full_name());
  for (std::uint32_t id : impl_->define_files(type.input(), type.output())) w.add_files(id);
  const std::uint32_t id = impl_->define(definition);
  impl_->current_workflows[{type.name, type.version}] = id;
  return impl_->known_types[&type] = id;
}

std::vector<std::pair<std::uint32_t, std::string>> Definitions::take_fresh() {
  return std::exchange(impl_->fresh, {});
}

const std::string& Definitions::principal_name(std::uint32_t id) const {
  const auto it = impl_->principals.find(id);
  if (it == impl_->principals.end()) undefined("principal", id);
  return it->second;
}

const std::string& Definitions::signal_name(std::uint32_t id) const {
  const auto it = impl_->signals.find(id);
  if (it == impl_->signals.end()) undefined("signal", id);
  return it->second;
}

const ActivityDefinition& Definitions::activity(std::uint32_t id) const {
  const auto it = impl_->activities.find(id);
  if (it == impl_->activities.end()) undefined("activity", id);
  return it->second;
}

const WorkflowDefinition& Definitions::workflow(std::uint32_t id) const {
  const auto it = impl_->workflows.find(id);
  if (it == impl_->workflows.end()) undefined("workflow", id);
  return it->second;
}

std::uint32_t Definitions::current_activity(const std::string& name) const {
  return impl_->current_activities.at(name);
}

std::uint32_t Definitions::current_workflow(const std::string& name, std::uint32_t version) const {
  return impl_->current_workflows.at({name, version});
}

// Null if the files have no such type.
std::unique_ptr<pb::Message> Definitions::Impl::make(const std::vector<std::uint32_t>& with,
                                                     const std::string& type) {
  auto& known = types[with];
  if (!known) {
    known = std::make_unique<Types>();
    for (std::uint32_t id : with) {
      pb::FileDescriptorProto description;
      const auto file = files.find(id);
      if (file == files.end()) undefined("file", id);
      description.ParseFromString(file->second);
      known->pool.BuildFile(description);
    }
  }
  const pb::Descriptor* descriptor = known->pool.FindMessageTypeByName(type);
  if (descriptor == nullptr) return nullptr;
  return std::unique_ptr<pb::Message>(known->factory.GetPrototype(descriptor)->New());
}

std::unique_ptr<pb::Message> Definitions::Impl::parse(const std::vector<std::uint32_t>& with,
                                                      const std::string& type, const Bytes& bytes) {
  auto message = make(with, type);
  if (!message || !message->ParseFromString(bytes)) return nullptr;
  return message;
}

std::string Definitions::to_json(const std::vector<std::uint32_t>& files, const std::string& type,
                                 const Bytes& bytes) const {
  const auto message = impl_->parse(files, type, bytes);
  std::string json;
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!message || !pb::util::MessageToJsonString(*message, &json, options).ok()) {
    return "\"(" + std::to_string(bytes.size()) + " bytes that are not a " + type + ")\"";
  }
  return json;
}

std::optional<Bytes> Definitions::from_json(const std::vector<std::uint32_t>& files,
                                            const std::string& type,
                                            const std::string& json) const {
  const auto message = impl_->make(files, type);
  if (!message || !pb::util::JsonStringToMessage(json, message.get()).ok()) return std::nullopt;
  return message->SerializeAsString();
}

std::optional<std::string> Definitions::difference(const std::vector<std::uint32_t>& files,
                                                   const std::string& type, const Bytes& recorded,
                                                   const Bytes& attempted) const {
  if (recorded == attempted) return std::nullopt;
  const auto was = impl_->parse(files, type, recorded);
  const auto is = impl_->parse(files, type, attempted);
  if (!was || !is) return "one of the two inputs is not a " + type;
  was->DiscardUnknownFields();
  is->DiscardUnknownFields();
  pb::util::MessageDifferencer differencer;
  std::string report;
  differencer.ReportDifferencesToString(&report);
  if (differencer.Compare(*was, *is)) return std::nullopt;
  return report;
}

}  // namespace ratchet::engine
