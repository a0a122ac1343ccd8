// A pod's volumes as folders.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tools/localcluster/container_plan.h"

namespace ratchet::localcluster {

// The folder of the pod's volume of this name; makes it, and writes the files of ConfigMaps and
// Secrets anew. Throws NotYet if what it comes from is missing.
std::filesystem::path make_volume(k8s::embedded::Store& store, const Json& pod,
                                  const std::string& name, const PodPlace& place);

// Everything in a Secret (`secrets`, decoded) or ConfigMap (`configmaps`), by key; nothing if it
// is missing and optional. Throws NotYet.
std::map<std::string, std::string> all_keys(k8s::embedded::Store& store, const Json& pod,
                                            const std::string& resource, const Json& source);

}  // namespace ratchet::localcluster
