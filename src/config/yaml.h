#pragma once
// YAML as JSON values, read safely. Scalars follow the core schema of YAML 1.2: only true/false (in
// three spellings) are booleans, so that `no` and `on` are texts; 0o17 is octal and 017 is 17.
// Pure.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::config {

struct YamlProblem {
  uint64_t line = 0;
  std::string pointer;
  std::string message;
};

struct YamlDocument {
  json::value value;
  std::map<std::string, uint64_t> lines;  // JSON pointer -> 1-based line of the value
  std::vector<YamlProblem> problems;  // duplicate keys, numbers that JSON cannot hold, unknown tags
};

// Exactly one document. Aliases are expanded within a bound (depth 64, 200,000 values), so that a
// small file cannot become a large one. kInvalidConfig with the line for a text that is no YAML or
// passes a bound; what can be reported beside other problems is in `problems`.
Result<YamlDocument> ParseYaml(std::string_view text);

}  // namespace vlmhb::config
