#include "tools/localcluster/container_plan.h"

#include <fstream>
#include <optional>
#include <utility>

#include <sys/stat.h>

#include "k8s/embedded/defaults.h"
#include "k8s/embedded/json_access.h"
#include "tools/localcluster/volumes.h"

namespace ratchet::localcluster {
namespace {

using k8s::embedded::dig;
using k8s::embedded::text;
using k8s::embedded::truth;
namespace fs = std::filesystem;

// What the real one calls the downward API, as far as database pods use it.
std::string field_of(const Json& pod, const std::string& path, const PodPlace& place) {
  if (path == "metadata.name") return text(pod, {"metadata", "name"});
  if (path == "metadata.namespace") return text(pod, {"metadata", "namespace"});
  if (path == "metadata.uid") return text(pod, {"metadata", "uid"});
  if (path == "spec.nodeName") return text(pod, {"spec", "nodeName"});
  if (path == "spec.serviceAccountName") return text(pod, {"spec", "serviceAccountName"});
  if (path == "status.podIP" || path == "status.hostIP") return place.ip;
  throw NotYet("fieldRef " + path + " is not known to localcluster");
}

// Nothing for an optional key that is not there.
std::optional<std::string> key_of(k8s::embedded::Store& store, const Json& pod,
                                  const std::string& resource, const Json& reference) {
  const std::string space = text(pod, {"metadata", "namespace"});
  const std::string name = text(reference, {"name"});
  const std::string key = text(reference, {"key"});
  const auto object = store.find({resource, space, name});
  const std::string kind = resource == "secrets" ? "secret" : "configmap";
  if (object) {
    const Json& value = dig(*object, {"data", key.c_str()});
    if (value.is_string()) {
      return resource == "secrets" ? k8s::embedded::from_base64(value.get<std::string>())
                                   : value.get<std::string>();
    }
  }
  if (truth(reference, {"optional"})) return std::nullopt;
  throw NotYet(object ? "couldn't find key " + key + " in " + kind + " " + space + "/" + name
                      : kind + " \"" + name + "\" not found");
}

std::optional<std::string> value_of(k8s::embedded::Store& store, const Json& pod,
                                    const Json& variable, const PodPlace& place) {
  const Json& from = dig(variable, {"valueFrom"});
  if (from.contains("secretKeyRef")) return key_of(store, pod, "secrets", from["secretKeyRef"]);
  if (from.contains("configMapKeyRef")) {
    return key_of(store, pod, "configmaps", from["configMapKeyRef"]);
  }
  if (from.contains("fieldRef")) return field_of(pod, text(from, {"fieldRef", "fieldPath"}), place);
  return text(variable, {"value"});
}

std::string expanded(const std::string& value, const std::map<std::string, std::string>& env) {
  std::string result;
  for (std::size_t at = 0; at < value.size(); ++at) {
    const auto end = value.find(')', at);
    if (value.compare(at, 2, "$(") == 0 && end != std::string::npos) {
      const auto known = env.find(value.substr(at + 2, end - at - 2));
      if (known != env.end()) {
        result += known->second;
        at = end;
        continue;
      }
    }
    if (value.compare(at, 2, "$$") == 0) ++at;
    result += value[at];
  }
  return result;
}

// As CRI runtimes do: command replaces the image's entrypoint, args its default command. The
// images here have the entrypoint and the command of the official ones.
std::vector<std::string> words_of(const Json& container,
                                  const std::map<std::string, std::string>& env) {
  std::vector<std::string> words;
  for (const Json& word : dig(container, {"command"})) {
    words.push_back(expanded(word.get<std::string>(), env));
  }
  const bool own_command = !words.empty();
  if (!own_command) words.emplace_back("docker-entrypoint.sh");
  const Json& args = dig(container, {"args"});
  for (const Json& word : args) words.push_back(expanded(word.get<std::string>(), env));
  if (!own_command && args.empty()) words.emplace_back("mysqld");
  return words;
}

fs::path hosts_file(const Json& pod, const PodPlace& place) {
  const fs::path file = place.folder / "hosts";
  std::ofstream(file) << "127.0.0.1 localhost\n"
                      << place.ip << " " << text(pod, {"metadata", "name"}) << "\n";
  return file;
}

// The layer that takes what the container writes beside its volumes: mounted in a mount namespace
// of its own, so that it goes with the process.
constexpr const char* in_own_layer =
    "mount -t overlay overlay -o \"$1\" \"$2\" && shift 2 && exec bwrap \"$@\"";

// The sandbox keeps a first process of its own: one that changed its user, as entrypoints do, would
// no longer be told of our end, and would outlive us.
std::vector<std::string> isolation(const fs::path& root, const std::string& host) {
  std::vector<std::string> words = {"--die-with-parent",
                                    "--json-status-fd",
                                    "3",
                                    "--unshare-pid",
                                    "--unshare-uts",
                                    "--unshare-ipc",
                                    "--hostname",
                                    host,
                                    "--bind",
                                    root.string(),
                                    "/",
                                    "--dev",
                                    "/dev",
                                    "--proc",
                                    "/proc",
                                    "--chdir",
                                    "/"};
  // What container runtimes leave to a container's root.
  for (const char* capability : {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID",
                                 "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP"}) {
    words.insert(words.end(), {"--cap-add", capability});
  }
  return words;
}

void add_mounts(k8s::embedded::Store& store, const Json& pod, const Json& container,
                const PodPlace& place, std::vector<std::string>& words) {
  for (const Json& mount : dig(container, {"volumeMounts"})) {
    fs::path source = make_volume(store, pod, text(mount, {"name"}), place);
    if (const std::string below = text(mount, {"subPath"}); !below.empty()) source /= below;
    const char* how = truth(mount, {"readOnly"}) ? "--ro-bind" : "--bind";
    words.insert(words.end(), {how, source.string(), text(mount, {"mountPath"})});
  }
  words.insert(words.end(), {"--ro-bind", hosts_file(pod, place).string(), "/etc/hosts"});
}

}  // namespace

std::map<std::string, std::string> environment(k8s::embedded::Store& store, const Json& pod,
                                               const Json& container, const PodPlace& place) {
  std::map<std::string, std::string> env = {
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOSTNAME", text(pod, {"metadata", "name"})},
      {"HOME", "/root"},
      // The images' entrypoint binds the server to it, so that many can use one port.
      {"RATCHET_BIND_ADDRESS", place.ip}};
  for (const Json& source : dig(container, {"envFrom"})) {
    for (const auto& [field, resource] :
         {std::pair("secretRef", "secrets"), std::pair("configMapRef", "configmaps")}) {
      if (!source.contains(field)) continue;
      for (auto& [key, value] : all_keys(store, pod, resource, source[field])) {
        env[text(source, {"prefix"}) + key] = value;
      }
    }
  }
  for (const Json& variable : dig(container, {"env"})) {
    const auto value = value_of(store, pod, variable, place);
    if (value) env[text(variable, {"name"})] = expanded(*value, env);
  }
  return env;
}

std::vector<std::string> sandbox_command(k8s::embedded::Store& store, const Json& pod,
                                         const Json& container, const PodPlace& place,
                                         const fs::path& rootfs) {
  const fs::path layer = place.folder / "layers" / text(container, {"name"});
  for (const char* part : {"upper", "work", "root"}) fs::create_directories(layer / part);
  const std::string options = "lowerdir=" + rootfs.string() +
                              ",upperdir=" + (layer / "upper").string() +
                              ",workdir=" + (layer / "work").string();
  std::vector<std::string> words = {
      "unshare", "--mount", "--propagation",          "private", "sh", "-c", in_own_layer,
      "sh",      options,   (layer / "root").string()};
  const auto isolated = isolation(layer / "root", text(pod, {"metadata", "name"}));
  words.insert(words.end(), isolated.begin(), isolated.end());
  add_mounts(store, pod, container, place, words);
  words.emplace_back("--");
  const auto command = words_of(container, environment(store, pod, container, place));
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

}  // namespace ratchet::localcluster
