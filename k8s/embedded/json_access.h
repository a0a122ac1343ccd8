// Reading nested JSON without a check per level: what is absent, or not an object on the way, is
// null.
#pragma once

#include <initializer_list>
#include <string>

#include <nlohmann/json.hpp>

namespace ratchet::k8s::embedded {

using Json = nlohmann::json;

const Json& dig(const Json& value, std::initializer_list<const char*> path);
// The string at the path; empty if there is none.
std::string text(const Json& value, std::initializer_list<const char*> path);
std::int64_t number(const Json& value, std::initializer_list<const char*> path,
                    std::int64_t otherwise = 0);
bool truth(const Json& value, std::initializer_list<const char*> path, bool otherwise = false);
// Sets `key` if it is absent.
void set_default(Json& object, const char* key, const Json& value);

}  // namespace ratchet::k8s::embedded
