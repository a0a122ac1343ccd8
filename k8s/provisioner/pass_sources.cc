// What a MySQL names for its servers to read: init scripts and configuration (see pass.h). A single
// server's were there when its StatefulSet was made; later only its pods miss them.
#include <utility>
#include <vector>

#include "k8s/client/kinds.h"
#include "k8s/provisioner/pass.h"

namespace ratchet::k8s::provisioner {

namespace asio = boost::asio;

asio::awaitable<MaybeStop> Pass::find_init_script() {
  if (!database().runs_init_script()) co_return std::nullopt;
  if (!database().is_cluster() && !set_.is_null()) co_return std::nullopt;
  const Json& script = database().spec().at("init").at("script");
  const bool secret = script.contains("secret");
  const bool other_volume = !secret && !script.contains("configMap");
  if (!database().is_cluster() && other_volume) co_return std::nullopt;
  const std::string name = secret ? script.at("secret").value("secretName", "")
                                  : script.at("configMap").value("name", "");
  const Reply found = co_await context_.client.get(secret ? kinds::secret : kinds::config_map,
                                                   {database().space, name});
  std::vector<std::string> keys;
  for (const char* part : {"data", "binaryData"}) {
    const Json files = found.body.value(part, Json::object());
    for (const auto& [key, value] : files.items()) keys.push_back(key);
  }
  if (!found.ok() || keys.empty()) {
    co_return Stop{Refusal{"InitScriptMissing",
                           std::string(secret ? "secret " : "configmap ") + database().space + "/" +
                               name + " of spec.init.script " +
                               (found.ok() ? "has no file" : "not found") +
                               "; create it with the scripts that the first server is to run"}};
  }
  if (database().is_cluster()) guarded_.know_init_files(std::move(keys));
  co_return std::nullopt;
}

asio::awaitable<MaybeStop> Pass::check_config_secret() {
  const std::string name = database().config_secret();
  if (name.empty() || !set_.is_null()) co_return std::nullopt;
  const Reply found = co_await context_.client.get(kinds::secret, {database().space, name});
  if (found.ok()) co_return std::nullopt;
  co_return Stop{Refusal{"SecretMissing", "secret " + database().space + "/" + name +
                                              " of spec.configSecret not found; create it with "
                                              "the server's configuration files"}};
}

}  // namespace ratchet::k8s::provisioner
