#pragma once

// As precompiled.h, for tests that run on an io_context: they link ratchet_asio, as they must.

#include "tests/precompiled.h"
#include "tools/cmake/precompiled_asio.h"
