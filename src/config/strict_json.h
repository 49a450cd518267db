#pragma once
// JSON whose objects have each key once. boost::json keeps the last of two equal keys and says
// nothing; in a config that is a mistake to show. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::config {

struct StrictJson {
  json::value value;
  std::vector<std::string> duplicates;  // JSON pointers of keys that are there twice
};

// A byte-order mark is skipped. kInvalidConfig with the line for a text that is no JSON or nested
// more than 64 deep.
Result<StrictJson> ParseStrictJson(std::string_view text);

}  // namespace vlmhb::config
