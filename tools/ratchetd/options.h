// What ratchetd was asked to do, and how it ends.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "engine/runtime/retention.h"

namespace ratchet::ratchetd {

// docs/OPERATING.md explains them. Never renumbered.
enum Exit : int {
  well = 0,        // stopped by SIGTERM or SIGINT
  usage = 1,       // the command line, the kubeconfig or the log's folder is wrong
  failed = 2,      // something unforeseen; the message says what
  log_locked = 3,  // another process has the log open
  halted = 4,      // the log is damaged, failed, or not the one that was anchored
  lease_lost = 5   // another process took over, or the API server was out of reach for too long
};

struct Options {
  bool ops_manager = true;
  bool provisioner = true;
  std::optional<std::filesystem::path> kubeconfig;
  std::filesystem::path log;
  std::filesystem::path anchor_key;  // a private key; empty: anchors are not signed
  std::string space;                 // of the databases; empty: all namespaces
  std::string lease_space;           // of the Leases; empty: the kubeconfig's or pod's own
  std::chrono::seconds health_interval{10};
  // Of runs (ops manager): how long their records stay, and how many of a workflow are open.
  engine::KeepFor keep_runs;
  std::map<std::string, std::size_t> open_runs;
  // The webhook, which the provisioner's role serves; 0: there is none.
  std::uint16_t webhook_port = 0;
  std::string webhook_address;
  std::filesystem::path webhook_certificate;
  std::filesystem::path webhook_key;
  std::string ops_manager_user;
  // The API, which the ops manager's role serves.
  bool api = true;
  std::string api_address = "127.0.0.1";
  std::uint16_t api_port = 0;  // 0: any free one
  std::filesystem::path api_certificate;
  std::filesystem::path api_key;
  std::filesystem::path approvers;  // folder of their public keys; empty: approvals are not signed
};

}  // namespace ratchet::ratchetd
