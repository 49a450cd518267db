#pragma once
// The registry for `vlmhb registry list|show`: as JSON, which the command prints as it is or as a
// table.

#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "registry/registry.h"

namespace vlmhb::registry {

// "model", "models", and so on, in any case.
std::optional<Kind> ParseKind(std::string_view text);

// [{"kind","name","version","description","level","file"}], sorted by name, all
// versions of each, the one that a name alone means first; models also have
// "framework" and "runnable" (false: only their answers can be evaluated).
json::array List(const Registry& registry, Kind kind);

// Everything that is known of one entry. kNotFound as in Registry::Find*.
Result<json::object> Show(const Registry& registry, Kind kind, std::string_view name);

}  // namespace vlmhb::registry
