#include "k8s/api/member_sets.h"

#include <charconv>

namespace ratchet::k8s::api {
namespace {

std::optional<unsigned> number_from(const std::string& text) {
  unsigned number = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc{} || end != last) return std::nullopt;
  return number;
}

}  // namespace

std::optional<MemberNumber> member_number(const std::string& database, const std::string& pod) {
  if (!pod.starts_with(database + "-")) return std::nullopt;
  const std::string rest = pod.substr(database.size() + 1);
  const auto dash = rest.find('-');
  if (dash == std::string::npos) {
    const auto ordinal = number_from(rest);
    if (!ordinal) return std::nullopt;
    return MemberNumber{0, *ordinal};
  }
  const auto set = number_from(rest.substr(0, dash));
  const auto ordinal = number_from(rest.substr(dash + 1));
  if (!set || !ordinal || *set == 0) return std::nullopt;
  return MemberNumber{*set, *ordinal};
}

}  // namespace ratchet::k8s::api
