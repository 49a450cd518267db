#pragma once
// A plain YAML scalar as a JSON value, by the core schema of YAML 1.2 (section 10.3.2). Pure.

#include <optional>
#include <string_view>

#include "base/json.h"

namespace vlmhb::config {

// nullopt for a number that JSON cannot hold: .inf, .nan, or an integer beyond 64 bits.
std::optional<json::value> ResolvePlainScalar(std::string_view text);

}  // namespace vlmhb::config
