// Signed approvals (decision 022): what an approver signs, and whether a signature is one. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/core/values.h"

namespace ratchet::engine {

// What is approved: that this run goes on through this gate, at which it showed the payload.
struct Approval {
  std::string run_id;
  std::string gate;
  std::string payload_sha256;  // in 64 lower-case hexadecimal digits
};

// The bytes that are signed. No two approvals have the same, and nothing else that is signed for
// Ratchet (checkpoints, cosignatures) begins so. A newline ends each line:
//   ratchet.dev/approval@v1
//   payload-sha256 <64 hexadecimal digits>
//   gate <name>
//   run <run id>
std::string text_to_sign(const Approval& approval);

// Whose signatures make an approval count. Immutable; any thread.
class Approvers {
 public:
  // Public Ed25519 keys in PEM, by the names of their owners. Throws std::invalid_argument that
  // names what is none, or says that there is nobody, or that a name is not UTF-8: it is recorded.
  explicit Approvers(const std::map<std::string, std::string>& pems);

  // Nothing if the signature is one of this approval by the approver that it names; else why not.
  std::optional<std::string> why_not(const Approval& approval, const Signature& signature) const;
  std::string names() const;  // "ann, bob"

 private:
  std::map<std::string, std::string> keys_;
};

}  // namespace ratchet::engine
