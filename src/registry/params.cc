#include "registry/params.h"

#include <utility>

#include "base/check.h"

namespace vlmhb::registry {

Result<config::JsonSchema> CompileParamsSchema(json::object params_schema) {
  if (!params_schema.contains("type")) params_schema["type"] = "object";
  if (!params_schema.contains("additionalProperties"))
    params_schema["additionalProperties"] = false;
  return config::JsonSchema::Compile(std::move(params_schema));
}

json::object MergeParams(const json::object& defaults, const json::object& own) {
  json::object merged = defaults;
  for (const auto& member : own) merged[member.key()] = member.value();
  return merged;
}

std::vector<config::SchemaViolation> ParamsChecker::Check(const json::object& params_schema,
                                                          const json::object& params) {
  const std::string text = ToCanonicalJson(params_schema);
  auto found = compiled_.find(text);
  if (found == compiled_.end()) {
    Result<config::JsonSchema> schema = CompileParamsSchema(params_schema);
    CHECK(schema.ok(), "the schema compiled when its entry was read");
    found = compiled_.emplace(text, *std::move(schema)).first;
  }
  return found->second.Validate(params);
}

}  // namespace vlmhb::registry
