// Signed approvals, for the tools: the folder with the approvers' keys, and how signatures in a
// record are told.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/core/approval.h"
#include "engine/inspect/approvals.h"
#include "tools/ratchetctl/table.h"

namespace ratchet::ratchetctl {

// The public keys in a folder: a file NAME.pem for each approver. Throws std::invalid_argument,
// saying which file is none, or that there are none.
engine::Approvers approvers_in(const std::filesystem::path& folder);

// "; recorded signature: ann". Does not say that it is one. Empty: there is none.
std::string signature_words(const std::optional<engine::Signature>& signature);

// "2 signed approvals, not checked (--approvers DIR)"
Cell cell_of(const engine::Approvals& approvals);

}  // namespace ratchet::ratchetctl
