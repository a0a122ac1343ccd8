// The anchor of the daemon's log: a checkpoint in an annotation of the ops manager's Lease, which
// only its holder writes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "engine/runtime/anchor.h"
#include "k8s/client/lease.h"
#include "store/note.h"

namespace ratchet::k8s {

inline constexpr const char* anchor_annotation = "ratchet.dev/anchor";
inline constexpr const char* ops_manager_lease = "ratchet-ops-manager";

class LeaseAnchor final : public engine::Anchor {
 public:
  // The lease must be held before read(), and outlive the anchor. `executor` is the engine's
  // thread. With a key what is written is a signed note, for others to check; read() does not.
  LeaseAnchor(boost::asio::any_io_executor executor, Lease& lease,
              std::optional<store::NoteSigner> key = std::nullopt)
      : executor_(std::move(executor)), lease_(lease), key_(std::move(key)) {}

  // Throws store::Error if the annotation is there and is no checkpoint.
  std::optional<store::Head> read() override;
  void write(const store::Head& head, std::function<void(const std::string& why)> done) override;
  // Its text as of the API server's last answer; empty if there is none.
  std::string kept() const { return lease_.annotation(anchor_annotation).value_or(""); }

 private:
  boost::asio::any_io_executor executor_;
  Lease& lease_;
  std::optional<store::NoteSigner> key_;
};

}  // namespace ratchet::k8s
