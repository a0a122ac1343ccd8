// Which program this is, as the log names it.
#pragma once

#include <string>

namespace ratchet::ratchetd {

// The hash that the linker gave the program, in hexadecimal: other code, the workflows' included,
// has another one (they are linked statically), whatever the version says. `readelf -n` shows it as
// the Build ID (NT_GNU_BUILD_ID). Throws std::runtime_error if it was linked without one.
std::string build_id();

}  // namespace ratchet::ratchetd
