#pragma once
// From a file to an Experiment: the entrance to this module.

#include <vector>

#include "config/experiment.h"
#include "os/file.h"

namespace vlmhb::config {

struct Loaded {
  std::vector<Problem> problems;  // every one of the file, ordered by its place
  // Whole if there are no problems. Otherwise what could be read, without the runs whose task,
  // dataset or model is in doubt: enough to look names up, so that a user hears of everything at
  // once.
  Experiment experiment;

  bool ok() const { return problems.empty(); }
};

// `path` by its extension: .csv, .json, .yaml or .yml, at most 64 MiB. Only the config itself and
// VLMHyperBench_config.json are read; names and paths in it are looked up later
// (registry/resolve.h).
Loaded LoadExperiment(const os::Path& path);

// The same for a text in memory; `path` (absolute) gives the format and the folder. Reads no
// config.
Loaded ParseExperiment(std::string_view text, const os::Path& path);

// One line per problem, as shown to the user.
std::string ToString(const std::vector<Problem>& problems);

}  // namespace vlmhb::config
