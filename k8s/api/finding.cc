#include "k8s/api/finding.h"

#include <iterator>
#include <utility>

namespace ratchet::k8s::api {

std::string text(const Findings& findings) {
  std::string all;
  for (const Finding& finding : findings) {
    if (!all.empty()) all += "; ";
    if (finding.message.find(finding.path) == std::string::npos) all += finding.path + ": ";
    all += finding.message;
  }
  return all;
}

void append(Findings& findings, Findings more) {
  findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

}  // namespace ratchet::k8s::api
