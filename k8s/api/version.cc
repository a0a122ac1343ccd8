#include "k8s/api/version.h"

#include <algorithm>
#include <string_view>

namespace ratchet::k8s::api {

std::string version_digits(const std::string& text) {
  return text.substr(0, std::min(text.find_first_not_of("0123456789."), text.size()));
}

int compare_versions(const std::string& a, const std::string& b) {
  const auto next_part = [](std::string_view& rest) {
    long part = 0;
    std::size_t used = 0;
    for (; used < rest.size() && rest[used] != '.'; ++used) part = part * 10 + (rest[used] - '0');
    rest.remove_prefix(std::min(used + 1, rest.size()));
    return part;
  };
  const std::string left = version_digits(a);
  const std::string right = version_digits(b);
  std::string_view x = left;
  std::string_view y = right;
  while (!x.empty() || !y.empty()) {
    const long p = next_part(x);
    const long q = next_part(y);
    if (p != q) return p < q ? -1 : 1;
  }
  return 0;
}

}  // namespace ratchet::k8s::api
