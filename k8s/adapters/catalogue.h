// An entry of the version catalogue in the workflow's words.
#pragma once

#include "k8s/client/client.h"
#include "workflows/mysql/ports.pb.h"

namespace ratchet::k8s {

// Reads a MySQLVersion, with both spellings of the constraints: upgradeConstraints until 2023,
// updateConstraints since. Standalone databases have lists of their own. What is absent or of
// another type is left out.
mysql::CatalogueVersion read_entry(const Json& mysql_version, bool standalone);

}  // namespace ratchet::k8s
