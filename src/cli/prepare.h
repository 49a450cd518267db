#pragma once
// From a config file to something that can run: load, resolve, digest, plan. Shared by run, plan
// and validate. What comes between resolving and planning is cli/setup.h.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "config/load.h"
#include "data/dataset_view.h"
#include "orchestrator/provision.h"
#include "orchestrator/workspace.h"
#include "plan/plan.h"
#include "registry/registry.h"
#include "registry/resolve.h"
#include "registry/resolved.h"

namespace vlmhb::cli {

// Whether entries are overlaid by their *.dev.* files: by `chosen` ("dev", "prod"), or by the
// variable RUN_MODE where that is empty.
bool IsDevMode(const std::string& chosen);

// The user's own registry: ~/.config/vlmhb/registries; "" if nothing says where that is.
os::Path UserRegistries();

// The registry as `config_folder` sees it: built-in entries, the user's, the experiment's own.
registry::Registry OpenRegistry(const os::Path& config_folder, bool dev,
                                std::vector<config::Problem>& problems);

void PrintProblems(const Globals& globals, const std::vector<config::Problem>& problems);

// A config as it was read, and the registry that it sees.
class ExperimentSource {
 public:
  // Nothing, after printing why, if the file cannot be read at all.
  static std::optional<ExperimentSource> Load(const Globals& globals,
                                              const std::string& config_file, bool dev);

  // Prints every problem and returns nothing if there are any. `find_import` may be empty: then
  // datasets of other forms are not looked into.
  std::optional<registry::ResolvedExperiment> Resolve(
      const Globals& globals, const registry::FindImport& find_import = {}) const;

 private:
  config::Loaded loaded_;
  std::vector<config::Problem> problems_;  // of the file and of the registry
  registry::Registry registry_;
};

struct Prepared {
  registry::ResolvedExperiment experiment;
  std::vector<plan::RunInputs> inputs;
  plan::Plan plan;
  std::vector<orchestrator::RunProvision> provisions;  // one for each run
};
// Reads datasets, prompts and plug-ins for their digests; `workspace` caches them. `provisions` say
// what each run will run in.
Result<Prepared> Prepare(registry::ResolvedExperiment experiment,
                         std::vector<orchestrator::RunProvision> provisions,
                         const orchestrator::Workspace& workspace);

// The dataset of a run as data/ takes it, with the host's paths.
Result<data::DatasetView> ViewOf(const registry::ResolvedDataset& dataset);

// The exit status of a config with problems.
int ConfigStatus();

}  // namespace vlmhb::cli
