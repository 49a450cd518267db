#pragma once
// Package sources as JSON: in registry entries, in listings, and in the specs of the stages that
// install them.

#include "base/json.h"
#include "registry/entry.h"

namespace vlmhb::registry {

// {"type":"pypi","name","version"}, {"type":"git","url","ref"} or
// {"type":"local","path","editable"}.
json::object PackageToJson(const PackageSource& source);
// REQUIRES: `object` obeys the schema of entries. Absent keys are "" and false.
PackageSource PackageFromJson(const json::object& object);

}  // namespace vlmhb::registry
