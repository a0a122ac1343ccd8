#include "k8s/embedded/protobuf_body.h"

#include <map>
#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "k8s/embedded/defaults.h"

namespace ratchet::k8s::embedded {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// Field numbers from generated.proto of k8s.io/api and k8s.io/apimachinery.
struct Field {
  enum class Type { text, boolean, message, text_map, bytes_map };
  std::string name;
  Type type = Type::text;
  const std::map<std::uint32_t, Field>* message = nullptr;
};
using Message = std::map<std::uint32_t, Field>;
using Type = Field::Type;

const Message& object_meta() {
  static const Message message = {{1, {"name"}},
                                  {2, {"generateName"}},
                                  {3, {"namespace"}},
                                  {11, {"labels", Type::text_map}},
                                  {12, {"annotations", Type::text_map}}};
  return message;
}

const std::map<std::string, Message>& messages() {
  static const Field metadata = {"metadata", Type::message, &object_meta()};
  static const std::map<std::string, Message> all = {
      {"Namespace", {{1, metadata}}},
      {"ServiceAccount", {{1, metadata}, {4, {"automountServiceAccountToken", Type::boolean}}}},
      {"ConfigMap",
       {{1, metadata},
        {2, {"data", Type::text_map}},
        {3, {"binaryData", Type::bytes_map}},
        {4, {"immutable", Type::boolean}}}},
      {"Secret",
       {{1, metadata},
        {2, {"data", Type::bytes_map}},
        {3, {"type"}},
        {4, {"stringData", Type::text_map}},
        {5, {"immutable", Type::boolean}}}}};
  return all;
}

// Calls `on_bytes(number, bytes)` and `on_number(number, value)` for the fields of a message.
template <typename OnBytes, typename OnNumber>
bool each_field(const std::string& bytes, OnBytes on_bytes, OnNumber on_number) {
  CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
  while (const std::uint32_t tag = stream.ReadTag()) {
    const auto number = static_cast<std::uint32_t>(WireFormatLite::GetTagFieldNumber(tag));
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      std::uint32_t size = 0;
      std::string value;
      if (!stream.ReadVarint32(&size)) return false;
      if (!stream.ReadString(&value, static_cast<int>(size))) return false;
      on_bytes(number, std::move(value));
    } else if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_VARINT) {
      std::uint64_t value = 0;
      if (!stream.ReadVarint64(&value)) return false;
      on_number(number, value);
    } else if (!WireFormatLite::SkipField(&stream, tag)) {
      return false;
    }
  }
  return stream.ConsumedEntireMessage();
}

bool decode(const Message& message, const std::string& bytes, Json& object);

// One entry of a map: {1: key, 2: value}.
bool decode_entry(const std::string& bytes, bool binary, Json& map) {
  std::string key, value;
  const bool good = each_field(
      bytes,
      [&](std::uint32_t number, std::string text) {
        (number == 1 ? key : value) = std::move(text);
      },
      [](std::uint32_t, std::uint64_t) {});
  map[key] = binary ? base64(value) : value;
  return good;
}

bool decode(const Message& message, const std::string& bytes, Json& object) {
  bool good = true;
  const auto on_bytes = [&](std::uint32_t number, std::string value) {
    const auto found = message.find(number);
    if (found == message.end()) return;
    const Field& field = found->second;
    if (field.type == Type::message) {
      good = decode(*field.message, value, object[field.name]) && good;
    } else if (field.type == Type::text) {
      if (!value.empty()) object[field.name] = std::move(value);
    } else {
      good = decode_entry(value, field.type == Type::bytes_map, object[field.name]) && good;
    }
  };
  const auto on_number = [&](std::uint32_t number, std::uint64_t value) {
    const auto found = message.find(number);
    if (found != message.end()) object[found->second.name] = value != 0;
  };
  return each_field(bytes, on_bytes, on_number) && good;
}

}  // namespace

std::optional<Json> parse_protobuf(const std::string& body) {
  using namespace std::string_literals;
  const std::string magic = "k8s\0"s;
  if (!body.starts_with(magic)) return std::nullopt;
  static const Message type_meta = {{1, {"apiVersion"}}, {2, {"kind"}}};
  Json object = Json::object();
  std::string raw;
  bool good = true;
  const auto on_bytes = [&](std::uint32_t number, std::string value) {
    if (number == 1) good = decode(type_meta, value, object);
    if (number == 2) raw = std::move(value);
  };
  if (!each_field(body.substr(magic.size()), on_bytes, [](std::uint32_t, std::uint64_t) {})) {
    return std::nullopt;
  }
  const auto message = messages().find(object.value("kind", ""));
  if (!good || message == messages().end() || !decode(message->second, raw, object)) {
    return std::nullopt;
  }
  return object;
}

}  // namespace ratchet::k8s::embedded
