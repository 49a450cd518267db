#include "orchestrator/reuse.h"

#include <algorithm>

namespace vlmhb::orchestrator {
namespace {

using Results = std::vector<std::optional<store::StageResult>>;

void AppendFileDigests(const std::optional<store::StageResult>& result,
                       std::vector<std::string>& digests) {
  if (!result.has_value()) return;
  for (const auto& [name, digest] : result->files) digests.push_back(name + ":" + digest);
}

}  // namespace

StagePaths PathsFor(const registry::ResolvedExperiment& experiment, const plan::Stage& stage,
                    const Path& experiment_folder) {
  const std::string run = stage.run.has_value() ? experiment.runs.at(*stage.run).id : "";
  return PathsOf(experiment_folder, run, stage.kind);
}

std::vector<std::string> InputDigests(const plan::Plan& plan, const plan::Stage& stage,
                                      const Results& results,
                                      const std::vector<std::string>& failures) {
  std::vector<std::string> digests;
  for (const size_t need : stage.needs) AppendFileDigests(results[need], digests);
  for (const size_t other : stage.after) {
    digests.push_back(plan.stages[other].id + ":" + failures[other]);
    AppendFileDigests(results[other], digests);
  }
  return digests;
}

std::vector<bool> FindReusable(const registry::ResolvedExperiment& experiment,
                               const plan::Plan& plan, const Path& experiment_folder) {
  std::vector<bool> reusable(plan.stages.size(), false);
  Results results(plan.stages.size());
  const std::vector<std::string> no_failures(plan.stages.size());
  const auto complete = [&](size_t stage) { return static_cast<bool>(reusable[stage]); };
  for (size_t i = 0; i < plan.stages.size(); ++i) {
    const plan::Stage& stage = plan.stages[i];
    if (!std::all_of(stage.needs.begin(), stage.needs.end(), complete) ||
        !std::all_of(stage.after.begin(), stage.after.end(), complete))
      continue;
    const std::string identity =
        plan::Identity(stage, InputDigests(plan, stage, results, no_failures));
    results[i] = CompleteResult(PathsFor(experiment, stage, experiment_folder).folder, identity);
    reusable[i] = results[i].has_value();
  }
  return reusable;
}

}  // namespace vlmhb::orchestrator
