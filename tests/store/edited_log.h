// A closed log of which somebody edits keys, past all that the store does.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ratchet::store {

// Absent value: erase.
void edit_log(const std::string& dir, std::string_view key,
              const std::optional<std::string>& value);

}  // namespace ratchet::store
