#include "k8s/provisioner/semi_sync_statements.h"

#include <utility>

#include "k8s/provisioner/certificates.h"

namespace ratchet::k8s::provisioner {
namespace {

constexpr const char* stop_receiver = "STOP REPLICA IO_THREAD";
// Closing waits for statements under way, and new ones wait for it: not for long.
constexpr const char* short_wait = "SET SESSION lock_wait_timeout = 3";
constexpr const char* close_for_writes = "SET GLOBAL super_read_only = ON";

// The password is kept in memory only, for as long as the receiver runs. What runs is let run.
std::string start_replica(const Credentials& credentials) {
  return "START REPLICA USER = " + quoted(credentials.user) +
         " PASSWORD = " + quoted(credentials.password);
}

std::string acknowledge(bool on) {
  return std::string("SET GLOBAL rpl_semi_sync_replica_enabled = ") + (on ? "ON" : "OFF");
}

// The files are those of the pod; without them a channel that had some forgets them.
std::string channel_files(bool has_certificates) {
  const auto file = [&](const char* name) {
    return quoted(has_certificates ? certificate_file(name) : "");
  };
  return ", SOURCE_SSL_CA = " + file("ca.crt") + ", SOURCE_SSL_CERT = " + file("server.crt") +
         ", SOURCE_SSL_KEY = " + file("server.key");
}

// Before the receiver is told to start: the connection is made with it or without. Whoever ceases
// to wait for acknowledgements takes no writes, also if somebody has opened it since it was looked
// at.
std::vector<std::string> attach(const ReplicaAction& action, const Replica& member,
                                const Credentials& credentials, const std::string& source_host) {
  return {"STOP REPLICA",
          "SET GLOBAL offline_mode = OFF",
          acknowledge(action.acknowledges),
          short_wait,
          close_for_writes,
          "SET GLOBAL rpl_semi_sync_source_enabled = OFF",
          "CHANGE REPLICATION SOURCE TO SOURCE_HOST = " + quoted(source_host) +
              ", SOURCE_PORT = 3306, SOURCE_SSL = 1" + channel_files(member.has_certificates) +
              ", SOURCE_AUTO_POSITION = 1, "
              "SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 86400, SOURCE_HEARTBEAT_PERIOD = 1",
          start_replica(credentials)};
}

std::vector<std::string> settle(const SemiSync& settings) {
  return {"SET GLOBAL rpl_semi_sync_source_wait_point = AFTER_SYNC",
          "SET GLOBAL rpl_semi_sync_source_wait_no_replica = ON",
          "SET GLOBAL rpl_semi_sync_source_wait_for_replica_count = " +
              std::to_string(settings.acknowledgements),
          "SET GLOBAL rpl_semi_sync_source_timeout = " + std::to_string(settings.timeout_ms),
          acknowledge(false),
          "SET GLOBAL rpl_semi_sync_source_enabled = ON"};
}

std::vector<std::string> open(const SemiSync& settings) {
  std::vector<std::string> list = settle(settings);
  for (const char* statement :
       {"STOP REPLICA", "RESET REPLICA ALL", "SET GLOBAL offline_mode = OFF",
        "SET GLOBAL super_read_only = OFF", "SET GLOBAL read_only = OFF"}) {
    list.emplace_back(statement);
  }
  return list;
}

}  // namespace

std::vector<std::string> semi_sync_statements(const ReplicaAction& action, const Replica& member,
                                              const SemiSync& settings,
                                              const Credentials& credentials,
                                              const std::string& source_host) {
  switch (action.kind) {
    case ReplicaAction::Kind::configure:
      return prepare_statements(
          {.server_id = member.server_id, .fresh = action.fresh, .stays_open = action.stays_open},
          *member.seen, credentials);
    case ReplicaAction::Kind::settle:
      return settle(settings);
    case ReplicaAction::Kind::open:
      return open(settings);
    case ReplicaAction::Kind::close:
      return {short_wait, close_for_writes};
    case ReplicaAction::Kind::restart:
      return {"SHUTDOWN"};
    case ReplicaAction::Kind::stop_receiving:
      return {stop_receiver};
    case ReplicaAction::Kind::apply:
      return {"START REPLICA SQL_THREAD"};
    case ReplicaAction::Kind::attach:
      return attach(action, member, credentials, source_host);
    case ReplicaAction::Kind::resume:
      return {stop_receiver, acknowledge(action.acknowledges), start_replica(credentials)};
    case ReplicaAction::Kind::clone: {
      std::vector<std::string> list = {"STOP REPLICA", acknowledge(false)};
      // If copying fails, the next look closes it again.
      for (std::string& statement : clone_statements(credentials, source_host)) {
        list.push_back(std::move(statement));
      }
      return list;
    }
  }
  return {};
}

}  // namespace ratchet::k8s::provisioner
