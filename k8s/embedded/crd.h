// CustomResourceDefinitions: from the object to the kind that it defines.
#pragma once

#include <string>

#include "k8s/embedded/kinds.h"
#include "k8s/embedded/time_text.h"

namespace ratchet::k8s::embedded {

// The kind of the definitions, and the finalizer that keeps one until its objects are gone.
inline constexpr const char* crd_resource = "customresourcedefinitions.apiextensions.k8s.io";
inline constexpr const char* crd_finalizer = "customresourcecleanup.apiextensions.k8s.io";

// Throws Refusal (422) if the definition cannot be served.
Kind kind_of_definition(const Kind& definitions, const Json& definition);

// Names that may be left out: singular, listKind.
void fill_definition_defaults(Json& definition);

// Its status once it is served: NamesAccepted and Established.
Json established_status(const Json& definition, Time now);

}  // namespace ratchet::k8s::embedded
