#pragma once
// Starts a planned stage: in which environment, with what, of which name.

#include <map>
#include <string>
#include <vector>

#include "env/env_manager.h"
#include "orchestrator/orchestrator.h"
#include "orchestrator/provision.h"
#include "orchestrator/stage_spec.h"
#include "orchestrator/workspace.h"
#include "plan/plan.h"
#include "registry/resolved.h"

namespace vlmhb::orchestrator {

// Keeps nothing of a stage. One thread.
class StageLauncher {
 public:
  // All of them outlive it. `folder` is the experiment's.
  StageLauncher(const registry::ResolvedExperiment& experiment, const Path& folder,
                env::EnvManager& environments, const Options& options)
      : experiment_(experiment), folder_(folder), env_(environments), options_(options) {}

  // By which an environment is known, also to a later process.
  std::string EnvironmentId(const plan::Stage& stage) const;
  // What was provided for the stage's run; null: of no run, or nothing was asked for.
  const RunProvision* ProvisionOf(const plan::Stage& stage) const;

  // `gpus`: those that it was given, by name.
  env::EnvSpec SpecOf(const plan::Stage& stage, const std::string& identity,
                      const std::vector<std::string>& gpus) const;

  // Sets the environment up, writes stage.json and starts the stage. `outcomes`: for a report, one
  // for each run. After an error the environment may be there: clean it up.
  Result<void> Launch(const plan::Stage& stage, const std::string& identity,
                      const std::vector<std::string>& gpus, const StagePaths& paths,
                      std::vector<RunOutcome> outcomes) const;

 private:
  std::string ImageOf(const plan::Stage& stage) const;
  Result<void> HideSecrets(json::object& spec,
                           std::map<std::string, std::string>& environment) const;

  const registry::ResolvedExperiment& experiment_;
  const Path& folder_;
  env::EnvManager& env_;
  const Options& options_;
};

}  // namespace vlmhb::orchestrator
