// Comparing objects with what they should be, where the API server adds fields of its own.
#pragma once

#include <string>

#include "k8s/client/client.h"

namespace ratchet::k8s::provisioner {

// Whether `actual` has all that `wanted` says: objects may have more fields, lists must have the
// same length and elements that cover each other in order.
bool covers(const Json& actual, const Json& wanted);

// `actual` with `wanted` written over it: objects field by field, everything else replaced.
Json overlay(Json actual, const Json& wanted);

// An element of a list with the apiVersion and kind that only the list itself states.
Json typed(const Resource& kind, Json element);

// Whether the object's controlling owner has this uid.
bool controlled_by(const Json& object, const std::string& uid);

bool has_finalizer(const Json& object, const std::string& name);

// A text field of metadata; empty if absent.
std::string metadata_text(const Json& object, const char* field);
// The value of an annotation; empty if absent.
std::string annotation(const Json& object, const char* name);

}  // namespace ratchet::k8s::provisioner
