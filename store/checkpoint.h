// A head in the public format of c2sp.org/tlog-checkpoint: three lines of text that software which
// is not ours reads too. The origin names the log by its id.
#pragma once

#include <string>
#include <string_view>

#include "store/log.h"

namespace ratchet::store {

// The unique name of the log, which is also the name of its key: "ratchet.dev/log/<hex id>".
std::string origin_of(const Head& head);

// "ratchet.dev/log/<hex id>\n<size>\n<base64 root>\n"
std::string to_checkpoint(const Head& head);

// The head of a checkpoint; its epoch is unknown and 0. Lines after the third (extensions,
// signatures) are ignored here. Throws Fault::corrupt, saying which line is wrong.
Head from_checkpoint(std::string_view text);

std::string to_hex(std::string_view bytes);

}  // namespace ratchet::store
