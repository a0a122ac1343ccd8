#include "tests/crash/share.h"

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace ratchet::crash {

bool is_full() { return std::getenv("RATCHET_FULL") != nullptr; }

std::uint64_t seed() {
  const char* text = std::getenv("RATCHET_SEED");
  return text == nullptr ? 0 : std::strtoull(text, nullptr, 16);
}

void report(const std::string& name, const Counts& counts) {
  std::cout << name << ":";
  for (const auto& [what, count] : counts) std::cout << " " << what << "=" << count;
  std::cout << "\n";
  const char* file = std::getenv("RATCHET_COUNTS");
  if (file == nullptr) return;
  std::ofstream out(file, std::ios::app);
  for (const auto& [what, count] : counts) out << what << "=" << count << "\n";
}

}  // namespace ratchet::crash
