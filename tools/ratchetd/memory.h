// What an idle daemon need not keep in memory.
#pragma once

namespace ratchet::ratchetd {

// Gives back to the system what the heap has free, and the pages of the program and its libraries
// that are as their files have them: where they are needed again they are mapped again from the
// page cache, a microsecond each. Most of them only the start has needed. Objects whose code was
// changed when it was loaded are left alone; what a debugger changes later (breakpoints) is lost.
// Any thread; others go on meanwhile. Never fails: what cannot be given back stays.
void give_back_memory();

}  // namespace ratchet::ratchetd
