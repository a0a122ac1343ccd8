#include "tools/localcluster/volumes.h"

#include <fstream>
#include <utility>

#include "k8s/embedded/defaults.h"
#include "k8s/embedded/json_access.h"

namespace ratchet::localcluster {
namespace {

using k8s::embedded::dig;
using k8s::embedded::text;
using k8s::embedded::truth;
namespace fs = std::filesystem;

// Writes the keys that `items` names, or all of them, below the folder.
void write_files(const fs::path& folder, const std::map<std::string, std::string>& keys,
                 const Json& items, const std::string& from) {
  std::map<std::string, std::string> paths;  // path → key
  for (const Json& item : items) paths[text(item, {"path"})] = text(item, {"key"});
  if (items.empty()) {
    for (const auto& [key, value] : keys) paths[key] = key;
  }
  for (const auto& [path, key] : paths) {
    const auto value = keys.find(key);
    if (value == keys.end()) {
      throw NotYet(("references non-existent key " + key + " of ").append(from));
    }
    const fs::path file = folder / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::trunc) << value->second;
    fs::permissions(file, fs::perms(0644));
  }
}

void write_source(k8s::embedded::Store& store, const Json& pod, const Json& source,
                  const fs::path& folder) {
  for (const auto& [field, resource] :
       {std::pair("secret", "secrets"), std::pair("configMap", "configmaps")}) {
    if (!source.contains(field)) continue;
    Json reference = source[field];
    if (reference.contains("secretName")) reference["name"] = reference["secretName"];
    write_files(folder, all_keys(store, pod, resource, reference), dig(reference, {"items"}),
                std::string(field) + " " + text(reference, {"name"}));
  }
}

fs::path claim_folder(k8s::embedded::Store& store, const Json& pod, const std::string& claim,
                      const PodPlace& place) {
  const auto object =
      store.find({"persistentvolumeclaims", text(pod, {"metadata", "namespace"}), claim});
  if (!object) throw NotYet("persistentvolumeclaim \"" + claim + "\" not found");
  const std::string volume = text(*object, {"spec", "volumeName"});
  if (volume.empty()) throw NotYet("persistentvolumeclaim \"" + claim + "\" is not bound yet");
  return place.volumes / volume;
}

const Json& volume_named(const Json& pod, const std::string& name) {
  for (const Json& volume : dig(pod, {"spec", "volumes"})) {
    if (text(volume, {"name"}) == name) return volume;
  }
  throw NotYet("the pod has no volume \"" + name + "\"");
}

}  // namespace

std::map<std::string, std::string> all_keys(k8s::embedded::Store& store, const Json& pod,
                                            const std::string& resource, const Json& source) {
  const std::string name = text(source, {"name"});
  const auto object = store.find({resource, text(pod, {"metadata", "namespace"}), name});
  if (!object && truth(source, {"optional"})) return {};
  if (!object) {
    throw NotYet((resource == "secrets" ? "secret \"" : "configmap \"") + name + "\" not found");
  }
  std::map<std::string, std::string> keys;
  for (const auto& [key, value] : dig(*object, {"data"}).items()) {
    keys[key] = resource == "secrets" ? k8s::embedded::from_base64(value.get<std::string>())
                                      : value.get<std::string>();
  }
  return keys;
}

fs::path make_volume(k8s::embedded::Store& store, const Json& pod, const std::string& name,
                     const PodPlace& place) {
  const Json& volume = volume_named(pod, name);
  fs::path folder = place.folder / "volumes" / name;
  const std::string claim = text(volume, {"persistentVolumeClaim", "claimName"});
  if (!claim.empty()) folder = claim_folder(store, pod, claim, place);
  fs::create_directories(folder);
  if (volume.contains("emptyDir")) fs::permissions(folder, fs::perms(01777));
  write_source(store, pod, volume, folder);
  for (const Json& source : dig(volume, {"projected", "sources"})) {
    write_source(store, pod, source, folder);
  }
  return folder;
}

}  // namespace ratchet::localcluster
