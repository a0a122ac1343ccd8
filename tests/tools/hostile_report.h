// The page about a run on whose record people have put markup, and a word without end.
#pragma once

#include <string>

namespace ratchet::ratchetctl {

// The author and the text of a note, and why somebody paused the run. report_browser_test.py looks
// for it on the page.
inline constexpr const char* hostile_words =
    "</title></td></table><script>alert('x')</script>\"><img src=http://outside.invalid/i "
    "onerror=alert(2)><style>* { display: none }</style>&amp;";

// What `ratchetctl report` says about it. Another note is a word of 600 letters.
std::string hostile_page();

}  // namespace ratchet::ratchetctl
