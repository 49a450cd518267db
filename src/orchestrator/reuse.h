#pragma once
// What is complete already. The identity of a stage depends on the outputs of those before it, so
// results are found in plan order.

#include <string>
#include <vector>

#include "orchestrator/workspace.h"
#include "plan/plan.h"
#include "registry/resolved.h"

namespace vlmhb::orchestrator {

// The folder, spec and log of a planned stage.
StagePaths PathsFor(const registry::ResolvedExperiment& experiment, const plan::Stage& stage,
                    const Path& experiment_folder);

// Digests of the outputs that `stage` reads. `results[i]` is the result of stage i (nullopt if it
// is not complete) and `failures[i]` why it is not ("" if it is): a report that shows a failure is
// another report than one that shows numbers.
std::vector<std::string> InputDigests(const plan::Plan& plan, const plan::Stage& stage,
                                      const std::vector<std::optional<store::StageResult>>& results,
                                      const std::vector<std::string>& failures);

// For each stage, whether a run would reuse it. Reads only.
std::vector<bool> FindReusable(const registry::ResolvedExperiment& experiment,
                               const plan::Plan& plan, const Path& experiment_folder);

}  // namespace vlmhb::orchestrator
