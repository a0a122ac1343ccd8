#include "k8s/client/kubeconfig.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <yaml-cpp/yaml.h>

#include "k8s/client/text.h"

namespace ratchet::k8s {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& file, const std::string& who) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || fs::is_directory(file)) {
    throw std::runtime_error(who + ": cannot read " + file.string() + " (" + std::strerror(errno) +
                             "); check the path and its permissions");
  }
  return text.str();
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A mapping of the file together with the words that name it in messages.
class Section {
 public:
  Section(fs::path file, std::string name, const YAML::Node& node)
      : file_(std::move(file)), name_(std::move(name)), node_(node) {
    if (node_ && !node_.IsNull() && !node_.IsMap()) {
      fail("", "must be a mapping");
    }
  }

  [[noreturn]] void fail(const std::string& field, const std::string& why) const {
    std::string dot = name_.empty() || field.empty() ? "" : ".";
    std::string where = name_ + dot + field;
    throw std::runtime_error("kubeconfig " + file_.string() + (where.empty() ? "" : ": " + where) +
                             ": " + why);
  }

  YAML::Node node(const char* field) const {
    return node_ && node_.IsMap() ? node_[field] : YAML::Node(YAML::NodeType::Undefined);
  }

  // Empty if absent.
  std::string text(const char* field) const {
    YAML::Node value = node(field);
    if (!value || value.IsNull()) {
      return "";
    }
    if (!value.IsScalar()) {
      fail(field, "must be text");
    }
    return value.Scalar();
  }

  bool flag(const char* field) const {
    YAML::Node value = node(field);
    bool result = false;
    if (value && !YAML::convert<bool>::decode(value, result)) {
      fail(field, "must be true or false");
    }
    return result;
  }

  fs::path path(const char* field) const {
    std::string value = text(field);
    return value.empty() ? fs::path() : file_.parent_path() / value;
  }

  // The contents given as FIELD-data, or in the file named by FIELD; empty if neither is there.
  std::string contents(const std::string& field) const {
    std::string data_field = field + "-data";
    if (std::string data = text(data_field.c_str()); !data.empty()) {
      auto bytes = base64_decode(data);
      if (!bytes) {
        fail(data_field, "is not base64; copy it again, or name a file in " + field);
      }
      return *bytes;
    }
    fs::path named = path(field.c_str());
    return named.empty()
               ? ""
               : read_file(named, "kubeconfig " + file_.string() + ": " + name_ + "." + field);
  }

  // The entry called `wanted` of a list of {name, <inner>: {…}}.
  Section entry(const char* list, const char* inner, const std::string& wanted) const {
    std::string known;
    for (const YAML::Node& item : node(list)) {
      std::string name = item.IsMap() && item["name"] ? item["name"].as<std::string>("") : "";
      if (name == wanted) {
        return Section(file_, std::string(list) + "[" + wanted + "]." + inner, item[inner]);
      }
      known += (known.empty() ? "" : ", ") + name;
    }
    fail(list, "there is no entry '" + wanted + "'; there " +
                   (known.empty() ? "are none" : "are: " + known));
  }

 private:
  fs::path file_;
  std::string name_;
  YAML::Node node_;
};

Section parse(const fs::path& file) {
  std::string text = read_file(file, "kubeconfig");
  try {
    Section root(file, "", YAML::Load(text));
    if (!root.node("clusters")) {
      root.fail("clusters", "is missing; this file is not a kubeconfig");
    }
    return root;
  } catch (const YAML::Exception& error) {
    throw std::runtime_error("kubeconfig " + file.string() + ": is not YAML, line " +
                             std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

void read_server(const Section& cluster, Access& access) {
  std::string text = cluster.text("server");
  auto url = boost::urls::parse_uri(text);
  if (!url || url->host().empty() || (url->scheme() != "https" && url->scheme() != "http")) {
    cluster.fail("server", "'" + text + "' is not a URL such as https://host:6443");
  }
  bool secure = url->scheme() == "https";
  access.endpoint.host = url->host_address();
  access.endpoint.port = url->has_port() ? url->port_number() : (secure ? 443 : 80);
  access.base_path = url->encoded_path();
  while (access.base_path.ends_with('/')) {
    access.base_path.pop_back();
  }
  if (secure) {
    access.endpoint.tls.emplace();
  }
}

void read_trust(const Section& cluster, http::Tls& tls) {
  tls.ca_pem = cluster.contents("certificate-authority");
  tls.server_name = cluster.text("tls-server-name");
  tls.verify_peer = !cluster.flag("insecure-skip-tls-verify");
  if (!tls.verify_peer && !tls.ca_pem.empty()) {
    cluster.fail("insecure-skip-tls-verify", "contradicts certificate-authority; remove one");
  }
}

void read_identity(const Section& user, Access& access) {
  for (const char* field : {"exec", "auth-provider", "username"}) {
    if (user.node(field)) {
      user.fail(field, "is not supported; use a client certificate, token or tokenFile");
    }
  }
  access.token = user.text("token");
  access.token_file = user.path("tokenFile");
  std::string certificate = user.contents("client-certificate");
  std::string key = user.contents("client-key");
  if (certificate.empty() != key.empty()) {
    user.fail(key.empty() ? "client-key" : "client-certificate",
              "is missing; certificate and key go together");
  }
  if (access.endpoint.tls) {
    access.endpoint.tls->certificate_pem = certificate;
    access.endpoint.tls->key_pem = key;
  }
}

}  // namespace

Access read_kubeconfig(const fs::path& file, const std::string& context) {
  Section root = parse(file);
  std::string name = context.empty() ? root.text("current-context") : context;
  if (name.empty()) {
    root.fail("current-context", "is missing; choose one with `kubectl config use-context`");
  }
  Section chosen = root.entry("contexts", "context", name);
  Section cluster = root.entry("clusters", "cluster", chosen.text("cluster"));
  Access access;
  access.origin = "kubeconfig " + file.string();
  read_server(cluster, access);
  if (!cluster.text("proxy-url").empty()) {
    cluster.fail("proxy-url", "is not supported; name the server itself");
  }
  if (access.endpoint.tls) {
    read_trust(cluster, *access.endpoint.tls);
  }
  if (std::string user = chosen.text("user"); !user.empty()) {
    read_identity(root.entry("users", "user", user), access);
  }
  if (std::string space = chosen.text("namespace"); !space.empty()) {
    access.space = space;
  }
  return access;
}

Access in_cluster(const fs::path& account) {
  std::string host = environment("KUBERNETES_SERVICE_HOST");
  std::string port = environment("KUBERNETES_SERVICE_PORT");
  std::string who = "service account of this pod";
  Access access;
  auto [end, bad] = std::from_chars(port.data(), port.data() + port.size(), access.endpoint.port);
  if (host.empty() || bad != std::errc() || end != port.data() + port.size()) {
    throw std::runtime_error(who +
                             ": KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not "
                             "set; outside a pod use --kubeconfig");
  }
  access.origin = who;
  access.endpoint.host = host;
  access.endpoint.tls.emplace().ca_pem = read_file(account / "ca.crt", who);
  access.token_file = account / "token";
  read_token(access.token_file);
  access.space = read_token(account / "namespace");
  return access;
}

Access find_access(const std::optional<fs::path>& flag) {
  if (flag) {
    return read_kubeconfig(*flag);
  }
  if (std::string named = environment("KUBECONFIG"); !named.empty()) {
    if (named.find(':') != std::string::npos && !fs::exists(named)) {
      throw std::runtime_error("KUBECONFIG=" + named + " lists several files, which is not " +
                               "supported; name one");
    }
    return read_kubeconfig(named);
  }
  if (!environment("KUBERNETES_SERVICE_HOST").empty()) {
    return in_cluster();
  }
  fs::path usual = fs::path(environment("HOME")) / ".kube" / "config";
  if (!fs::exists(usual)) {
    throw std::runtime_error(
        "no API server is known: set KUBECONFIG or --kubeconfig (there is no " + usual.string() +
        ", and this is no pod)");
  }
  return read_kubeconfig(usual);
}

std::string read_token(const fs::path& file) {
  std::string token = read_file(file, "token file");
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (token.empty()) {
    throw std::runtime_error("token file: " + file.string() + " is empty");
  }
  return token;
}

}  // namespace ratchet::k8s
