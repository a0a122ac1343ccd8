// The files of golden/: what commands say, to the letter.
#pragma once

#include <string>

namespace ratchet::ratchetctl {

// What a command printed and ended with, as the files have it.
std::string golden_text(const std::string& out, const std::string& err, int code);

// Fails the test unless the file has this text. RATCHET_WRITE_GOLDEN=1 writes the file anew: review
// the difference before you commit it.
void expect_golden(const std::string& file, const std::string& text);

std::string replaced(std::string text, const std::string& what, const std::string& by);

// Of the documentation of Go's sumdb/note: everybody knows it, and it opens nothing.
inline constexpr const char* known_key =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n";

}  // namespace ratchet::ratchetctl
