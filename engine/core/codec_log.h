// The records of the log as a whole: a part of codec.cc.
#pragma once

#include "engine/core/codec.h"

namespace ratchet::v1 {
class Record;
}

namespace ratchet::engine {

// `in` holds neither a Definition nor a Turn, but something.
Decoded decode_log_record(const v1::Record& in);

}  // namespace ratchet::engine
