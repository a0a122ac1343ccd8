// The two encodings that Kubernetes objects carry inside their strings.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ratchet::k8s {

// RFC 4648 §4, as in Secret.data and kubeconfig. Whitespace is skipped; nothing on bad input.
std::optional<std::string> base64_decode(std::string_view text);
std::string base64_encode(std::string_view bytes);

// metav1.Time, "2026-11-22T10:00:00Z", and metav1.MicroTime, "2026-11-22T10:00:00.000000Z".
std::string to_time(std::chrono::system_clock::time_point at);
std::string to_micro_time(std::chrono::system_clock::time_point at);

// The other way, for whole seconds; nothing if the text is no such time.
std::optional<std::chrono::system_clock::time_point> read_time(const std::string& text);

}  // namespace ratchet::k8s
