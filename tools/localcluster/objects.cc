#include "tools/localcluster/objects.h"

#include <algorithm>
#include <array>
#include <exception>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <yaml-cpp/yaml.h>

#include "k8s/client/http_client.h"
#include "k8s/client/kinds.h"
#include "k8s/client/kubeconfig.h"

namespace ratchet::localcluster {
namespace {

namespace asio = boost::asio;
namespace kinds = k8s::kinds;
using k8s::Json;
using k8s::Reply;
using k8s::Resource;

struct Named {
  const Resource& resource;
  const char* short_name;
};

const std::array known{Named{kinds::mysql, "my"},
                       Named{kinds::mysql_version, "myversion"},
                       Named{kinds::mysql_ops_request, "myops"},
                       Named{kinds::config_map, "cm"},
                       Named{kinds::event, "ev"},
                       Named{kinds::space, "ns"},
                       Named{kinds::persistent_volume_claim, "pvc"},
                       Named{kinds::pod, "po"},
                       Named{kinds::secret, ""},
                       Named{kinds::service, "svc"},
                       Named{kinds::stateful_set, "sts"},
                       Named{kinds::lease, ""},
                       Named{kinds::custom_resource_definition, "crd"}};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

const Resource& resource_of(const std::string& word) {
  for (const Named& candidate : known) {
    const Resource& resource = candidate.resource;
    const std::string wanted = lower(word);
    if (wanted == lower(resource.kind) || wanted == resource.plural ||
        wanted == candidate.short_name) {
      return resource;
    }
  }
  throw std::runtime_error("does not know the kind " + word + "; kubectl does");
}

// YAML says a plain scalar's type by how it looks; a quoted one is text.
Json scalar(const YAML::Node& node) {
  const auto& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "false") return text == "true";
  std::int64_t whole = 0;
  if (YAML::convert<std::int64_t>::decode(node, whole)) return whole;
  double real = 0;
  if (YAML::convert<double>::decode(node, real)) return real;
  return text;
}

Json json_of(const YAML::Node& node) {
  if (node.IsScalar()) return scalar(node);
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& element : node) list.push_back(json_of(element));
    return list;
  }
  if (!node.IsMap()) return nullptr;
  Json object = Json::object();
  for (const auto& field : node) object[field.first.as<std::string>()] = json_of(field.second);
  return object;
}

std::vector<Json> read_objects(const std::string& file) {
  std::ifstream stream;
  if (file != "-") stream.open(file);
  std::istream& in = file == "-" ? std::cin : stream;
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in && !in.eof()) throw std::runtime_error("cannot read " + file);
  std::vector<Json> objects;
  for (const YAML::Node& document : YAML::LoadAll(text)) {
    Json object = json_of(document);
    if (!object.is_null()) objects.push_back(std::move(object));
  }
  return objects;
}

void refuse(const Reply& reply, const std::string& what) {
  if (!reply.ok()) throw std::runtime_error(what + ": " + reply.message());
}

asio::awaitable<void> apply_one(k8s::Client& client, Json object) {
  const Resource& resource = resource_of(object.value("kind", ""));
  Json& metadata = object["metadata"];
  if (resource.namespaced && !metadata.contains("namespace")) metadata["namespace"] = "default";
  const k8s::Key key{metadata.value("namespace", ""), metadata.value("name", "")};
  const std::string what = lower(resource.kind) + "/" + key.name;
  Resource written = resource;  // the version that the user wrote
  const std::string version = object.value("apiVersion", "");
  written.version = version.substr(version.find('/') + 1);  // npos + 1 is 0
  const Reply there = co_await client.get(written, key);
  if (there.not_found()) {
    refuse(co_await client.create(written, std::move(object)), what);
    std::cout << what << " created\n";
    co_return;
  }
  refuse(there, what);
  refuse(co_await client.merge_patch(written, key, std::move(object)), what);
  std::cout << what << " configured\n";
}

asio::awaitable<void> apply_all(k8s::Client& client, std::vector<Json> objects) {
  for (Json& object : objects) co_await apply_one(client, std::move(object));
}

void print_row(const Json& object) {
  const Json metadata = object.value("metadata", Json::object());
  const Json status = object.value("status", Json::object());
  std::cout << std::left << std::setw(40) << metadata.value("name", "") << status.value("phase", "")
            << "\n";
}

asio::awaitable<void> print(k8s::Client& client, const GetOptions& options) {
  const Resource& resource = resource_of(options.kind);
  const std::string space = resource.namespaced ? options.space : "";
  const bool one = !options.name.empty();
  const Reply reply = one ? co_await client.get(resource, {space, options.name})
                          : co_await client.list(resource, space, {});
  refuse(reply, options.kind + " " + options.name);
  if (options.json) {
    std::cout << reply.body.dump(2) << "\n";
    co_return;
  }
  std::cout << std::left << std::setw(40) << "NAME" << "STATUS\n";
  if (one) {
    print_row(reply.body);
  } else {
    for (const Json& object : reply.body.at("items")) print_row(object);
  }
}

// Runs `work` with a client until it has ended; rethrows what it throws.
template <class Work>
void with_client(const std::optional<std::filesystem::path>& kubeconfig, Work work) {
  asio::io_context io{1};
  k8s::HttpClient client(io.get_executor(), k8s::find_access(kubeconfig));
  std::exception_ptr failure;
  asio::co_spawn(io, work(client), [&](std::exception_ptr error) {
    failure = std::move(error);
    io.stop();
  });
  io.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

void apply(const ApplyOptions& options) {
  with_client(options.kubeconfig,
              [&](k8s::Client& client) { return apply_all(client, read_objects(options.file)); });
}

void get(const GetOptions& options) {
  with_client(options.kubeconfig, [&](k8s::Client& client) { return print(client, options); });
}

}  // namespace ratchet::localcluster
