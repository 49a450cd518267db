#pragma once
// Turns a planned stage into what its environment gets: the folders it may see and its stage.json,
// with every path as the environment sees it.

#include <string>
#include <vector>

#include "base/json.h"
#include "env/env_manager.h"
#include "orchestrator/provision.h"
#include "orchestrator/workspace.h"
#include "plan/plan.h"
#include "registry/resolved.h"

namespace vlmhb::orchestrator {

// How a run looks to the report, whether it succeeded or not.
struct RunOutcome {
  std::string failure;  // "" if its evaluation is complete
  bool has_inference = false;
};

struct StageContext {
  const registry::ResolvedExperiment& experiment;
  const plan::Stage& stage;
  std::string identity;
  Path experiment_folder;                   // Workspace::Experiment(name)
  Path program;                             // the vlmhb file itself
  bool retry_failed = false;                // infer: ask again what failed before
  std::vector<RunOutcome> outcomes;         // report only, one per run
  const RunProvision* provision = nullptr;  // of the stage's run; null: nothing was asked for
};

// The dataset view of stage.md, for a dataset that is seen at `root` and `annotation`.
json::object DatasetView(const registry::ResolvedDataset& dataset, const std::string& root,
                         const std::string& annotation);

struct MountedStage {
  json::object spec;    // stage.json
  std::string program;  // vlmhb, as the environment sees it
};

// Mounts what the stage needs into environment `env_id` and describes it. Nothing is written.
Result<MountedStage> MountAndDescribe(const StageContext& context, env::EnvManager& env,
                                      const std::string& env_id);

}  // namespace vlmhb::orchestrator
