#include "tools/localcluster/yaml.h"

#include <stdexcept>

#include <yaml-cpp/yaml.h>

namespace ratchet::localcluster {
namespace {

Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // it was quoted
  if (bool value = false; YAML::convert<bool>::decode(node, value)) {
    // YAML 1.2, as Kubernetes reads it: only these two words are booleans.
    if (text == "true" || text == "false") return value;
    return text;
  }
  const Json number = Json::parse(text, nullptr, false);
  return number.is_number() ? number : Json(text);
}

Json to_json(const YAML::Node& node) {
  if (node.IsScalar()) return scalar(node);
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const YAML::Node& element : node) list.push_back(to_json(element));
    return list;
  }
  if (!node.IsMap()) return nullptr;
  Json map = Json::object();
  for (const auto& entry : node) map[entry.first.Scalar()] = to_json(entry.second);
  return map;
}

void emit(YAML::Emitter& out, const Json& value) {
  if (value.is_object() && !value.empty()) {
    out << YAML::BeginMap;
    for (const auto& [key, inner] : value.items()) {
      out << YAML::Key << key << YAML::Value;
      emit(out, inner);
    }
    out << YAML::EndMap;
  } else if (value.is_array() && !value.empty()) {
    out << YAML::BeginSeq;
    for (const Json& inner : value) emit(out, inner);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    YAML::Node plain(text);
    const bool ambiguous = text.empty() || !scalar(plain).is_string() || text == "null" ||
                           text.find('\n') != std::string::npos;
    if (ambiguous) out << YAML::DoubleQuoted;
    out << text;
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << YAML::Flow << YAML::Node(YAML::Load(value.dump()));
  }
}

}  // namespace

std::vector<Json> parse_manifests(const std::string& text) {
  std::vector<Json> documents;
  try {
    for (const YAML::Node& node : YAML::LoadAll(text)) {
      Json document = to_json(node);
      if (document.is_null()) continue;
      if (document.is_object() && document.value("kind", "") == "List") {
        for (Json& item : document["items"]) documents.push_back(std::move(item));
      } else {
        documents.push_back(std::move(document));
      }
    }
  } catch (const YAML::Exception& error) {
    throw std::runtime_error("line " + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
  return documents;
}

std::string to_yaml(const Json& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace ratchet::localcluster
