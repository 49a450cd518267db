#pragma once
// The JSON and YAML form of an experiment (experiment.schema.json), and the last step of the CSV
// form: validation, defaults, matrix, and the Experiment itself. Pure.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/document_source.h"
#include "config/experiment.h"

namespace vlmhb::config {

// Adds every problem to `problems`; the experiment is whole only if there are none. `file`,
// `folders` and the default name are left for the caller. `missing_keys`: required keys of a run
// whose absence was reported before.
Experiment ReadExperiment(const SourceDocument& source, const std::set<std::string>& missing_keys,
                          std::vector<Problem>& problems);

// The published JSON Schema of the format, as text (what `vlmhb schema` prints).
std::string_view ExperimentSchemaText();

}  // namespace vlmhb::config
