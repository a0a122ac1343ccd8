// Answers that refuse, as metav1.Status, in the words of kube-apiserver 1.32 (recorded from it).
#pragma once

#include <exception>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "k8s/embedded/kinds.h"

namespace ratchet::k8s::embedded {

// Thrown inside a call and turned into its answer in ApiServer::handle; it never gets further.
class Refusal : public std::exception {
 public:
  explicit Refusal(Json status) : status_(std::move(status)) {}
  const Json& status() const { return status_; }
  const char* what() const noexcept override { return "refused by the embedded API server"; }

 private:
  Json status_;
};

// One reason why an object is invalid: `field: message`.
struct Cause {
  std::string reason;  // FieldValueRequired, FieldValueInvalid, FieldValueNotSupported, …
  std::string field;
  std::string message;
};

Json failure(int code, const std::string& reason, const std::string& message, Json details);

Refusal bad_request(const std::string& message);
Refusal not_found(const std::string& resource, const std::string& name);
Refusal already_exists(const Kind& kind, const std::string& name);
Refusal stale(const Kind& kind, const std::string& name);
Refusal precondition_failed(const Kind& kind, const std::string& name, const std::string& why);
Refusal forbidden(const Kind& kind, const std::string& name, const std::string& why);
Refusal invalid(const Kind& kind, const std::string& name, const std::vector<Cause>& causes);
Json expired(const std::string& message);

Cause required(const std::string& field, const std::string& detail = "");
Cause invalid_value(const std::string& field, const std::string& value, const std::string& why);
Cause forbidden_value(const std::string& field, const std::string& why);

}  // namespace ratchet::k8s::embedded
