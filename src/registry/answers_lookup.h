#pragma once
// Finds the answers file of a run that only evaluates.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/experiment.h"
#include "os/file.h"

namespace vlmhb::registry {

// The file that the run names (below the answers folder, else relative to the config), or the
// newest of the predecessor's files that fits:
// <dataset>_<framework>_<model>_<task>_answers_<date>_<time>.csv, where the framework may have '_'
// for spaces, or be the literal MODELFRAMEWORK. kNotFound says where it was looked for;
// kInvalidConfig if the file has no columns id and model_answer.
Result<std::string> FindAnswers(const config::Experiment& experiment, const config::RunConfig& run,
                                const std::string& task);

// Of `file_names`, the newest that fits, or "".
std::string NewestAnswers(const std::vector<std::string>& file_names, const config::RunConfig& run,
                          const std::string& task);

}  // namespace vlmhb::registry
