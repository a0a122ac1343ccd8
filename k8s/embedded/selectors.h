// Label selectors and field selectors, as query parameters and as metav1.LabelSelector.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "k8s/embedded/kinds.h"

namespace ratchet::k8s::embedded {

struct Requirement {
  enum class Test { equals, differs, in, not_in, exists, absent };
  std::string key;
  Test test = Test::equals;
  std::vector<std::string> values;
};

class Selector {
 public:
  Selector() = default;  // selects everything

  // `a=b,c!=d,e in (f,g),h,!i`. Throws Refusal (400) if it cannot be read.
  static Selector of_labels(const std::string& text);
  // `metadata.name=x,involvedObject.uid!=y`. Throws Refusal (400) for a field that the kind
  // cannot be selected by.
  static Selector of_fields(const std::string& text, const Kind& kind);
  // {matchLabels, matchExpressions}; an empty or null one selects nothing, as controllers do.
  static Selector of_object(const Json& selector);

  bool matches(const Json& object) const;
  bool empty() const { return requirements_.empty(); }

 private:
  std::vector<Requirement> requirements_;
  bool fields_ = false;
  bool nothing_ = false;
};

}  // namespace ratchet::k8s::embedded
