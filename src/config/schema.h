#pragma once
// JSON Schema (draft-07) as a check of what users write: every violation at once, each with its
// place, what was expected there and a did-you-mean. The registry checks its entries and parameters
// with it.

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::config {

struct SchemaViolation {
  std::string pointer;  // of the value, or of the unknown key
  std::string message;
};

// A compiled schema. Immutable; Validate() may be called from several threads.
class JsonSchema {
 public:
  // kInvalidConfig if `schema` is no JSON Schema. Only references within the schema are followed.
  static Result<JsonSchema> Compile(json::value schema);
  JsonSchema(JsonSchema&&) noexcept;
  JsonSchema& operator=(JsonSchema&&) noexcept;
  ~JsonSchema();

  // Empty if `value` is valid.
  std::vector<SchemaViolation> Validate(const json::value& value) const;

 private:
  struct Compiled;
  explicit JsonSchema(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace vlmhb::config
