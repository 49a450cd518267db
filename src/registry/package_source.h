#pragma once
// Package sources as JSON: in registry entries, in listings, and in the specs of the stages that
// install them.

#include <string>
#include <string_view>

#include "base/json.h"
#include "registry/entry.h"

namespace vlmhb::registry {

// {"type":"pypi","name","version"}, {"type":"git","url","ref"} or
// {"type":"local","path","editable"}.
json::object PackageToJson(const PackageSource& source);
// REQUIRES: `object` obeys the schema of entries. Absent keys are "" and false.
PackageSource PackageFromJson(const json::object& object);

// Whether `url` has a password, a user of https (a token is given as one), or a query with
// something like "token=..." in it. It would be in locks, manifests and arguments; git's own
// configuration, or an ssh:// URL, is the place for that.
bool HoldsCredentials(std::string_view url);
// Such values in the query of `url` become "***".
std::string WithoutQuerySecrets(std::string_view url);

}  // namespace vlmhb::registry
