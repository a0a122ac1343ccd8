// What people do to runs through the API, each with who and why: rows of the table of routes.
#pragma once

#include "tools/ratchetd/api_routes.h"

namespace ratchet::ratchetd {

Act act_approve();
Act act_deny();
Act act_signal();
Act act_pause();
Act act_resume();
Act act_release();
Act act_cancel();
Act act_terminate();
Act act_retry();
Act act_skip();
Act act_fail();
Act act_reset();
Act act_note();

}  // namespace ratchet::ratchetd
