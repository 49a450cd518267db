#pragma once
// Where an experiment's data lies: named in the config, or in the predecessor's
// VLMHyperBench_config.json beside or above it, or in the usual places beside the config.

#include <vector>

#include "base/json.h"
#include "config/experiment.h"
#include "os/file.h"

namespace vlmhb::config {

// `named` is the document's "folders" (empty for CSV); its relative paths count from
// `config_folder`. What it leaves out comes from VLMHyperBench_config.json in `config_folder` or
// its parent, then from the defaults "datasets", "prompt_collections", "system_prompts",
// "model_answers", "vlm_base.csv". All paths are absolute; whether they exist is for the registry
// to say, except for vlm_base, which is
// "" if it is not named and not there. A broken VLMHyperBench_config.json is a problem.
DataFolders FindFolders(const os::Path& config_folder, const json::object& named,
                        std::vector<Problem>& problems);

}  // namespace vlmhb::config
