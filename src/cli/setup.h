#pragma once
// Everything that must be there before an experiment can be planned: environments, what plug-ins
// say of themselves, imported datasets.

#include <optional>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "cli/environment_choice.h"
#include "cli/prepare.h"
#include "orchestrator/describer.h"
#include "orchestrator/provision.h"

namespace vlmhb::cli {

struct SetUp {
  registry::ResolvedExperiment experiment;
  std::vector<orchestrator::RunProvision> provisions;  // one for each run
};

// Makes ready what the runs need (kMake), or only looks for it (kLook: starts nothing). What cannot
// be had is a problem of its run. Nothing, after printing why, if the config turns out to be wrong
// now that plug-ins and datasets are known.
Result<std::optional<SetUp>> SetUpExperiment(
    const Globals& globals, const EnvironmentChoice& choice, const ExperimentSource& source,
    registry::ResolvedExperiment experiment, orchestrator::ProvisionMode mode,
    env::EnvManager& environment, const orchestrator::Workspace& workspace);

// What asks plug-ins in this workspace.
orchestrator::Describer MakeDescriber(env::EnvManager& environment,
                                      const orchestrator::Workspace& workspace,
                                      const std::atomic<bool>* stop);

// The lock file beside the config, if there is one.
Result<std::optional<packages::LockFile>> LockedPackages(const std::string& config_file);

}  // namespace vlmhb::cli
