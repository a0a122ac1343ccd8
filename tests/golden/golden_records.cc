// golden_records [KIND…]   prints stanzas for tests/golden/records.txt, as today's code encodes
// them: of these kinds ("StepCompleted", "Record.opened"), or of all that records.txt lacks.
#include <algorithm>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "tests/golden/golden.h"

int main(int argc, char** argv) {
  using namespace ratchet::engine::golden;
  const std::vector<std::string> wanted(argv + 1, argv + argc);
  std::set<std::string> known;
  for (const Golden& golden : read_goldens()) known.insert(golden.name);
  for (const Golden& sample : samples()) {
    const std::string kind = sample.name.substr(0, sample.name.find(' '));
    const bool asked = std::ranges::find(wanted, kind) != wanted.end();
    if (wanted.empty() ? !known.contains(sample.name) : asked) std::cout << stanza(sample);
  }
  return 0;
}
