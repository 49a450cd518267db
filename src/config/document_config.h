#pragma once
// The JSON and YAML form of an experiment (experiment.schema.json), and the last step of the CSV
// form: validation, defaults, matrix, and the Experiment itself. Pure.

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/experiment.h"

namespace vlmhb::config {

// Where a document came from.
struct DocumentSource {
  std::string file;
  std::function<Origin(std::string_view pointer)> locate;
  std::set<std::string> missing_keys;  // required keys whose absence was reported before
};

// Adds every problem to `problems`; the experiment is whole only if there are none. `file`,
// `folders` and the default name are left for the caller.
Experiment ReadDocument(const json::value& document, const DocumentSource& source,
                        std::vector<Problem>& problems);

// The published JSON Schema of the format, as text (what `vlmhb schema` prints).
std::string_view ExperimentSchemaText();

}  // namespace vlmhb::config
