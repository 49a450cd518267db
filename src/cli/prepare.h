#pragma once
// From a config file to something that can run: load, resolve, digest, plan. Shared by run, plan
// and validate.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "data/dataset_view.h"
#include "orchestrator/provision.h"
#include "orchestrator/workspace.h"
#include "plan/plan.h"
#include "registry/registry.h"
#include "registry/resolved.h"

namespace vlmhb::cli {

// Whether entries are overlaid by their *.dev.* files: by `chosen` ("dev", "prod"), or by the
// variable RUN_MODE where that is empty.
bool IsDevMode(const std::string& chosen);

// The registry as `config_folder` sees it: built-in entries, the user's, the experiment's own.
registry::Registry OpenRegistry(const os::Path& config_folder, bool dev,
                                std::vector<config::Problem>& problems);

// Prints every problem and returns nothing if there are any.
std::optional<registry::ResolvedExperiment> LoadAndResolve(const Globals& globals,
                                                           const std::string& config_file,
                                                           bool dev);

struct Prepared {
  registry::ResolvedExperiment experiment;
  std::vector<plan::RunInputs> inputs;
  plan::Plan plan;
  std::vector<orchestrator::Provision> provisions;  // one for each run
};
// Reads datasets, prompts and plug-ins for their digests; `workspace` caches them. `provisions` say
// what each run will run in.
Result<Prepared> Prepare(registry::ResolvedExperiment experiment,
                         std::vector<orchestrator::Provision> provisions,
                         const orchestrator::Workspace& workspace);

// The dataset of a run as data/ takes it, with the host's paths.
Result<data::DatasetView> ViewOf(const registry::ResolvedDataset& dataset);

// The exit status of a config with problems.
int ConfigStatus();

}  // namespace vlmhb::cli
