#pragma once
// A JSON or YAML text as a document whose parts know where they stand in the file. Pure.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/experiment.h"

namespace vlmhb::config {

struct SourceDocument {
  json::value value;
  // Where the part of `value` at a JSON pointer stands.
  std::function<Origin(std::string_view pointer)> locate;
  std::vector<Problem> problems;  // duplicate keys and the like
};

// YAML for ".yaml" and ".yml", JSON for ".json"; `file` is named in problems. kInvalidConfig for
// another extension, or a text that is not of its format.
Result<SourceDocument> ReadDocumentText(std::string_view text, const std::string& file,
                                        std::string_view extension);

}  // namespace vlmhb::config
