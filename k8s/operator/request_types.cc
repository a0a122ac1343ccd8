#include "k8s/operator/request_types.h"

#include "workflows/mysql/horizontal_scaling.h"
#include "workflows/mysql/ports.h"
#include "workflows/mysql/restart.h"
#include "workflows/mysql/update_version.h"
#include "workflows/mysql/vertical_scaling.h"

namespace ratchet::k8s {

namespace {

// The inputs of all workflows have these in common.
template <class Input>
Input common_input(const OpsRequest& request) {
  Input input;
  input.mutable_database()->set_space(request.space);
  input.mutable_database()->set_name(request.database);
  input.set_request(request.name);
  input.set_step_timeout_us(request.timeout.count());
  input.set_generation(request.generation);
  return input;
}

template <class Input>
RequestRun about(const engine::Bytes& bytes) {
  Input input;
  input.ParseFromString(bytes);
  return {input.database().space(), input.database().name(), input.request(), input.generation()};
}

engine::Bytes update_input(const OpsRequest& request) {
  auto input = common_input<mysql::UpdateRequest>(request);
  input.set_target_version(request.target_version);
  input.set_needs_approval(request.needs_approval);
  input.set_window(request.window);
  input.set_backup_evidence(request.backup_evidence);
  return input.SerializeAsString();
}

engine::Bytes restart_input(const OpsRequest& request) {
  return common_input<mysql::RestartRequest>(request).SerializeAsString();
}

engine::Bytes horizontal_input(const OpsRequest& request) {
  auto input = common_input<mysql::HorizontalScalingRequest>(request);
  input.set_members(request.members);
  return input.SerializeAsString();
}

engine::Bytes vertical_input(const OpsRequest& request) {
  auto input = common_input<mysql::VerticalScalingRequest>(request);
  input.set_resources(request.resources);
  return input.SerializeAsString();
}

constexpr const char* progressing = "Controller has started to Progress the MySQLOpsRequest: <o>";

// KubeDB's of the StatefulSet era.
constexpr RequestType update{
    .workflow = mysql::update_version_name,
    .input = update_input,
    .about = about<mysql::UpdateRequest>,
    .has_plan = true,
    .started = {"Progressing", "OpsRequestProgressingStarted", progressing},
    .begun = {"Upgrading", "DatabaseVersionUpgradingStarted",
              "MySQL version UpgradeFunc stated for MySQLOpsRequest: <o>"},
    .begun_event = nullptr,
    .work_step = "record_version",
    .done = {{"UpgradeVersion", "SuccessfullyUpgradedDatabaseVersion",
              "Image successfully updated in MySQL: <x> for MySQLOpsRequest: <ops> "},
             "Image successfully updated in MySQL: <x> for MySQLOpsRequest: <ops>"},
    .done_by = nullptr,
    .failed = "FailedToUpgradeDatabaseVersion",
    .ended = {"Successful", "OpsRequestProcessedSuccessfully",
              "Controller has successfully upgraded the MySQL <o>"},
    .ended_event = "Controller has Successfully upgraded the version of MySQL : <x>",
    .tells_pods = false,
};

// KubeDB's of 2025, the only ones that there are of this type.
constexpr RequestType restart{
    .workflow = mysql::restart_name,
    .input = restart_input,
    .about = about<mysql::RestartRequest>,
    .has_plan = false,
    .started = {"Running", "Running", progressing},
    .begun = {},
    .begun_event = nullptr,
    .work_step = "await_database_ready",
    .done = {{"Restart", "RestartPodsSucceeded",
              "Successfully started MySQL pods for MySQLOpsRequest: <o> "},
             "Successfully started MySQL pods for MySQLOpsRequest: <o>"},
    .done_by = nullptr,
    .failed = "RestartPodsFailed",
    .ended = {"Successful", "Successful", "Controller has successfully restart the MySQL replicas"},
    .ended_event = "Controller has Successfully restarted the MySQL: <x>",
    .tells_pods = true,
};

constexpr const char* scaled_up =
    "Horizontal scaling Up performed successfully in MySQL: <x> for MySQLOpsRequest: <ops>";
constexpr const char* scaled_down =
    "Horizontal scaling down performed successfully in MySQL: <x> for MySQLOpsRequest: <ops>";

DoneWords direction(const engine::Bytes& input) {
  constexpr const char* reason = "SuccessfullyPerformedHorizontalScaling";
  mysql::RecordReplicas recorded;
  recorded.ParseFromString(input);
  if (recorded.replicas() < recorded.from_replicas()) {
    return {{"ScalingDown", reason, scaled_down}, scaled_down};
  }
  return {{"ScalingUp", reason, scaled_up}, scaled_up};
}

// KubeDB's since 2021; where the direction is not known, of a failed one, those of 2020.
constexpr RequestType horizontal{
    .workflow = mysql::horizontal_scaling_name,
    .input = horizontal_input,
    .about = about<mysql::HorizontalScalingRequest>,
    .has_plan = false,
    .started = {"Progressing", "OpsRequestProgressingStarted", progressing},
    .begun = {"Scaling", "HorizontalScalingStarted",
              "Horizontal scaling started in MySQL: <x> for MySQLOpsRequest: <ops>"},
    .begun_event = "Horizontal scaling started in MySQL: <x> for MySQLOpsRequest: <ops>",
    .work_step = "record_replicas",
    .done = {{"HorizontalScaling", "SuccessfullyPerformedHorizontalScaling", scaled_up}, scaled_up},
    .done_by = direction,
    .failed = "FailedToPerformHorizontalScaling",
    .ended = {"Successful", "OpsRequestProcessedSuccessfully",
              "Controller has successfully scaled the MySQL <o>"},
    .ended_event = "Controller has Successfully scaled the MySQL database: <x>",
    .tells_pods = false,
};

constexpr RequestType vertical{
    .workflow = mysql::vertical_scaling_name,
    .input = vertical_input,
    .about = about<mysql::VerticalScalingRequest>,
    .has_plan = false,
    .started = {"Progressing", "OpsRequestProgressingStarted", progressing},
    .begun = {"Scaling", "VerticalScalingStarted",
              "Vertical scaling started in MySQL: <x> for MySQLOpsRequest: <ops>"},
    .begun_event = "Vertical scaling started in MySQL: <x> for MySQLOpsRequest: <ops>",
    .work_step = "record_resources",
    .done = {{"VerticalScaling", "SuccessfullyPerformedVerticalScaling",
              "Vertical scaling performed successfully in MySQL: <x> for MySQLOpsRequest: <ops>"},
             "Vertical scaling performed successfully in MySQL: <x> for MySQLOpsRequest: <ops>"},
    .done_by = nullptr,
    .failed = "FailedToPerformVerticalScaling",
    .ended = {"Successful", "OpsRequestProcessedSuccessfully",
              "Controller has successfully scaled the MySQL <o>"},
    .ended_event = "Controller has Successfully scaled the MySQL database: <x>",
    .tells_pods = false,
};

struct Named {
  const char* type;
  const RequestType* served;
};
constexpr Named types[] = {{"UpdateVersion", &update},
                           {"Upgrade", &update},
                           {"Restart", &restart},
                           {"HorizontalScaling", &horizontal},
                           {"VerticalScaling", &vertical}};

}  // namespace

const RequestType* request_type(const std::string& type) {
  for (const Named& named : types) {
    if (type == named.type) return named.served;
  }
  return nullptr;
}

const RequestType* type_of_workflow(const std::string& workflow) {
  for (const Named& named : types) {
    if (workflow == named.served->workflow) return named.served;
  }
  return nullptr;
}

}  // namespace ratchet::k8s
