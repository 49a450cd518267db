#include "cli/setup.h"

#include <fmt/format.h>

#include "cli/signals.h"
#include "orchestrator/importer.h"
#include "orchestrator/plugin_check.h"
#include "os/process.h"
#include "packages/lock_file.h"

namespace vlmhb::cli {
namespace {

using orchestrator::Importer;
using orchestrator::ProvisionMode;
using orchestrator::RunProvision;
using registry::ImportedDataset;
using registry::ResolvedExperiment;
using registry::ResolvedRun;

orchestrator::LoneStageOptions LoneStagesIn(os::Path cache,
                                            const orchestrator::Workspace& workspace,
                                            const std::atomic<bool>* stop) {
  return {.cache = std::move(cache),
          .program = os::SelfExecutable(),
          .workspace = workspace.root().string(),
          .stop = stop};
}

// Imports the datasets that need it; a failure is a problem of the runs that have it.
void ImportDatasets(const Globals& globals, const ResolvedExperiment& experiment,
                    ProvisionMode mode, Importer& importer, std::vector<RunProvision>& provisions) {
  for (size_t i = 0; i < experiment.runs.size(); ++i) {
    const ResolvedRun& run = experiment.runs[i];
    const auto& source = run.dataset.source;
    if (!source.has_value() || importer.Find(*source, run.task, provisions[i].task).has_value())
      continue;
    if (mode == ProvisionMode::kLook) {
      provisions[i].dataset = Error(ErrorCode::kNotFound, "it has not been imported yet");
      continue;
    }
    Tell(globals, fmt::format("importing {}", source->path), false);
    Result<ImportedDataset> imported = importer.Ensure(*source, run.task, provisions[i].task);
    if (!imported.ok())
      provisions[i].dataset =
          std::move(imported).error().With("importing the dataset " + run.dataset.name);
  }
}

// By what FindImport is asked for: the task's provision is that of the run with this task.
registry::FindImport ImportsOf(const ResolvedExperiment& experiment,
                               const std::vector<RunProvision>& provisions, Importer& importer) {
  return [&](const registry::ImportSource& source,
             const registry::TaskEntry& task) -> std::optional<ImportedDataset> {
    for (size_t i = 0; i < experiment.runs.size(); ++i)
      if (experiment.runs[i].task.file == task.file && experiment.runs[i].task.name == task.name)
        return importer.Find(source, experiment.runs[i].task, provisions[i].task);
    return std::nullopt;
  };
}

bool HasImports(const ResolvedExperiment& experiment) {
  return std::any_of(experiment.runs.begin(), experiment.runs.end(),
                     [](const ResolvedRun& run) { return run.dataset.source.has_value(); });
}

}  // namespace

orchestrator::Describer MakeDescriber(env::EnvManager& environment,
                                      const orchestrator::Workspace& workspace,
                                      const std::atomic<bool>* stop) {
  return orchestrator::Describer(environment,
                                 LoneStagesIn(workspace.EnvironmentCache(), workspace, stop));
}

Result<std::optional<packages::LockFile>> LockedPackages(const std::string& config_file) {
  std::error_code ignored;
  const os::Path file = LockFileOf(config_file);
  if (!std::filesystem::exists(file, ignored)) return std::optional<packages::LockFile>();
  VLMHB_ASSIGN(packages::LockFile locked, packages::ReadLockFile(file));
  return std::optional<packages::LockFile>(std::move(locked));
}

Result<std::optional<SetUp>> SetUpExperiment(const Globals& globals,
                                             const EnvironmentChoice& choice,
                                             const ExperimentSource& source,
                                             ResolvedExperiment experiment, ProvisionMode mode,
                                             env::EnvManager& environment,
                                             const orchestrator::Workspace& workspace) {
  VLMHB_ASSIGN(auto locked, LockedPackages(experiment.file));
  // Only looking must leave Ctrl-C as it is.
  const std::atomic<bool>* stop = mode == ProvisionMode::kMake ? &StopOnSignals() : nullptr;
  VLMHB_ASSIGN(packages::Injector injector,
               MakeInjector(globals, choice, environment, workspace, std::move(locked), stop));
  orchestrator::Describer describer = MakeDescriber(environment, workspace, stop);
  bool shown = false;
  orchestrator::Provisioner provisioner(environment, injector, describer, mode,
                                        [&](std::string_view line, bool transient) {
                                          Tell(globals, line, transient);
                                          shown = shown || transient;
                                        });
  SetUp set_up{.provisions = provisioner.ForRuns(experiment)};
  if (shown && !globals.quiet && globals.err.interactive) fmt::print(stderr, "\r\x1b[K");
  if (stop != nullptr && stop->load())
    return Error(ErrorCode::kCancelled, "stopped while environments were set up");

  Importer importer(environment, LoneStagesIn(workspace.DataCache() / "imports", workspace, stop));
  ImportDatasets(globals, experiment, mode, importer, set_up.provisions);
  if (HasImports(experiment)) {
    // Now that their columns are known, what the config says of them can be checked.
    auto again = source.Resolve(globals, ImportsOf(experiment, set_up.provisions, importer));
    if (!again.has_value()) return std::optional<SetUp>();
    experiment = *std::move(again);
  }
  const std::vector<config::Problem> problems =
      orchestrator::CompleteFromPlugins(experiment, set_up.provisions);
  if (!problems.empty()) {
    PrintProblems(globals, problems);
    return std::optional<SetUp>();
  }
  set_up.experiment = std::move(experiment);
  return std::optional<SetUp>(std::move(set_up));
}

}  // namespace vlmhb::cli
