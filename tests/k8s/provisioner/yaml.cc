#include "tests/k8s/provisioner/yaml.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include <yaml-cpp/yaml.h>

namespace ratchet::k8s::testing {
namespace {

using Json = nlohmann::json;

Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true" || text == "false") return text == "true";
  const Json value = Json::parse(text, nullptr, false);
  return value.is_number() ? value : Json(text);
}

Json convert(const YAML::Node& node) {
  if (node.IsScalar()) return scalar(node);
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const YAML::Node& element : node) list.push_back(convert(element));
    return list;
  }
  if (!node.IsMap()) return nullptr;
  Json object = Json::object();
  for (const auto& field : node) object[field.first.Scalar()] = convert(field.second);
  return object;
}

}  // namespace

std::vector<Json> parse_yaml(const std::string& text) {
  std::vector<Json> documents;
  for (const YAML::Node& document : YAML::LoadAll(text)) documents.push_back(convert(document));
  return documents;
}

std::string read_source(const std::string& path) {
  std::ifstream file(RATCHET_SOURCE_DIR "/" + path);
  if (!file) throw std::runtime_error("no file " + path + " in the source tree");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace ratchet::k8s::testing
