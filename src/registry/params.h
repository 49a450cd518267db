#pragma once
// Parameters of models and metrics: defaults, overrides and the check against the entry's own
// schema.

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/schema.h"

namespace vlmhb::registry {

// `params_schema` of an entry as it is meant: an object, and no parameter that it does not name
// unless it says otherwise. kInvalidConfig if it is no JSON Schema.
Result<config::JsonSchema> CompileParamsSchema(json::object params_schema);

// `own` over `defaults`, key by key; nested objects are replaced whole.
json::object MergeParams(const json::object& defaults, const json::object& own);

// Compiles each schema once. Not thread-safe.
class ParamsChecker {
 public:
  // REQUIRES: `params_schema` compiled when its entry was read.
  std::vector<config::SchemaViolation> Check(const json::object& params_schema,
                                             const json::object& params);

 private:
  std::map<std::string, config::JsonSchema> compiled_;  // by canonical text
};

}  // namespace vlmhb::registry
