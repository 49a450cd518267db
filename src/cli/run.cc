// vlmhb run CONFIG: the whole experiment, or what is left of it.

#include <fmt/format.h>

#include <filesystem>

#include "cli/command.h"
#include "cli/environment_choice.h"
#include "cli/prepare.h"
#include "cli/programs.h"
#include "cli/progress.h"
#include "cli/setup.h"
#include "cli/signals.h"
#include "orchestrator/handle.h"
#include "orchestrator/orchestrator.h"
#include "os/process.h"

namespace vlmhb::cli {
namespace {

using orchestrator::StageReport;
using orchestrator::Summary;
using os::Path;

struct RunOptions {
  std::string config;
  EnvironmentChoice environment;
  bool retry_failed = false;
  int64_t cpus = 0;       // 0: all
  int64_t memory_mb = 0;  // 0: all
};

json::object StageJson(const plan::Stage& stage, const StageReport& report) {
  const double seconds = report.ended > report.started && report.started.count() > 0
                             ? std::chrono::duration<double>(report.ended - report.started).count()
                             : 0;
  return {{"id", stage.id},
          {"state", plan::StageStateName(report.state)},
          {"reused", report.reused},
          {"samples", report.total},
          {"failed", report.failed},
          {"seconds", report.reused || seconds == 0 ? json::value(nullptr) : json::value(seconds)},
          {"message", report.message}};
}

// Samples without an answer: some can be asked again, others were missing in a given file.
void PrintFailureNote(const Globals& globals, const plan::Plan& plan, const Summary& summary) {
  bool failed = false;
  bool askable = false;
  for (size_t i = 0; i < plan.stages.size(); ++i) {
    if (summary.stages[i].failed == 0) continue;
    failed = true;
    askable = askable || plan.stages[i].kind == plan::StageKind::kInfer;
  }
  if (!failed) return;
  fmt::print(stderr,
             "{} Some samples have no answer; they are not scored. The report lists them{}.\n",
             Tinted(globals.err, Tint::kYellow, "note:"),
             askable ? ", and `vlmhb run --retry-failed` asks them again" : "");
}

void PrintSummary(const Globals& globals, const plan::Plan& plan, const Summary& summary,
                  const std::string& config) {
  if (globals.json) {
    json::array stages;
    for (size_t i = 0; i < plan.stages.size(); ++i)
      stages.push_back(StageJson(plan.stages[i], summary.stages[i]));
    PrintJson(
        json::object{{"exit_status", summary.exit_status},
                     {"interrupted", summary.interrupted},
                     {"report", summary.report.empty() ? json::value(nullptr)
                                                       : json::value(summary.report.string())},
                     {"stages", std::move(stages)}});
    return;
  }
  const bool everything_reused =
      std::all_of(summary.stages.begin(), summary.stages.end(),
                  [](const StageReport& report) { return report.reused; });
  if (everything_reused && !globals.quiet)
    fmt::print(stderr, "Nothing to do: every stage is complete.\n");
  PrintFailureNote(globals, plan, summary);
  for (size_t i = 0; i < plan.stages.size() && globals.quiet; ++i)
    if (summary.stages[i].state == plan::StageState::kFailed)
      fmt::print(stderr, "{} {}: {}\n", Tinted(globals.err, Tint::kRed, "error:"),
                 plan.stages[i].id, Printable(summary.stages[i].message));
  if (summary.interrupted)
    fmt::print(stderr, "Stopped; what was acknowledged is kept. To continue: vlmhb run {}{}\n",
               config,
               globals.workspace == "vlmhb-workspace" ? "" : " --workspace " + globals.workspace);
  else if (!summary.report.empty())
    fmt::print("{}\n", (summary.report / "report.md").string());
}

orchestrator::Capacity CapacityOf(const RunOptions& options) {
  orchestrator::Capacity capacity = orchestrator::DetectCapacity();
  if (options.cpus > 0) capacity.cpus = options.cpus;
  if (options.memory_mb > 0) capacity.memory_bytes = options.memory_mb * 1'000'000;
  return capacity;
}

// What an earlier run left in an environment of another kind would go on writing into the folders
// of this one. REQUIRES: the workspace's lock is held.
Result<void> EndElsewhere(const std::string& environment, const Path& experiment,
                          const orchestrator::Workspace& workspace) {
  for (const orchestrator::FoundHandle& found : orchestrator::FindHandles(experiment)) {
    const std::string& other = found.handle.environment;
    if (other == environment) continue;
    const auto removed = [&]() -> Result<void> {
      VLMHB_ASSIGN(const auto elsewhere,
                   MakeEnvironment(other, SandboxChoice::kOn, workspace.root()));
      VLMHB_ASSIGN(const std::vector<env::Leftover> list, elsewhere->List());
      for (const env::Leftover& leftover : list)
        if (leftover.id == found.handle.id && leftover.workspace == experiment.string())
          VLMHB_TRY(elsewhere->Remove(leftover));
      return {};
    }();
    if (!removed.ok())
      return Error(
          removed.error().code(),
          fmt::format("an earlier run started {} with --env {}, where it may still run: "
                      "{}. To do: start that engine; or, if it is gone for good, delete {}",
                      found.handle.id, other, removed.error().ToString(), found.file.string()));
    orchestrator::RemoveHandle(found.file);
  }
  return {};
}

Result<int> RunExperiment(const Globals& globals, const RunOptions& options,
                          const ExperimentSource& source, registry::ResolvedExperiment resolved) {
  const std::atomic<bool>& stop = StopOnSignals();
  const SystemClock clock;
  const orchestrator::Workspace workspace(std::filesystem::absolute(globals.workspace));
  VLMHB_ASSIGN(const auto environment, MakeEnvironment(options.environment, workspace));
  VLMHB_TRY(environment->Probe());
  VLMHB_ASSIGN(const os::FileLock lock, workspace.Lock());
  VLMHB_TRY(EndElsewhere(environment->capabilities().name, workspace.Experiment(resolved.name),
                         workspace));
  VLMHB_ASSIGN(std::optional<SetUp> set_up,
               SetUpExperiment(globals, options.environment, source, std::move(resolved),
                               orchestrator::ProvisionMode::kMake, *environment, workspace));
  if (!set_up.has_value()) return ConfigStatus();
  if (stop.load()) return Error(ErrorCode::kCancelled, "stopped while datasets were imported");
  VLMHB_ASSIGN(const Prepared prepared,
               Prepare(std::move(set_up->experiment), std::move(set_up->provisions), workspace));

  orchestrator::WorkerManager workers(CapacityOf(options));
  Result<Summary> summary = Error(ErrorCode::kInternal, "not run");
  {
    const auto progress = MakeProgress(prepared.plan, globals.err, globals.verbosity(), clock);
    orchestrator::BenchmarkOrchestrator orchestrator(prepared.experiment, prepared.inputs,
                                                     prepared.plan, workspace, workers,
                                                     *environment, clock, *progress,
                                                     {.program = os::SelfExecutable(),
                                                      .retry_failed = options.retry_failed,
                                                      .secrets = os::GetEnv,
                                                      .provisions = prepared.provisions});
    summary = orchestrator.Run(stop);
  }
  if (!summary.ok()) {
    return std::move(summary).error().With("running " + prepared.experiment.name +
                                           "; the same command continues once this is mended");
  }
  PrintSummary(globals, prepared.plan, *summary, options.config);
  return summary->exit_status;
}

int Run(const Globals& globals, const RunOptions& options) {
  const auto source =
      ExperimentSource::Load(globals, options.config, IsDevMode(options.environment.mode));
  auto resolved = source.has_value() ? source->Resolve(globals) : std::nullopt;
  if (!resolved.has_value()) return ConfigStatus();
  const Result<int> status = RunExperiment(globals, options, *source, *std::move(resolved));
  return status.ok() ? *status : Fail(globals, status.error());
}

}  // namespace

void AddRun(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("run", "Run an experiment, or continue it");
  auto options = std::make_shared<RunOptions>();
  verb->add_option("config", options->config, "CSV, JSON or YAML file")->required();
  AddEnvironmentOptions(*verb, options->environment);
  verb->add_flag("--retry-failed", options->retry_failed,
                 "Ask samples again whose outcome was a failure");
  verb->add_option("--cpus", options->cpus, "Cores that stages may share (default: all)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--memory-mb", options->memory_mb,
                   "Memory that stages may share, MB (default: all)")
      ->check(CLI::PositiveNumber);
  verb->footer(
      "Examples:\n"
      "  vlmhb run experiment.yaml\n"
      "  vlmhb run users.csv --workspace /data/vlmhb --retry-failed\n"
      "  vlmhb run experiment.yaml --json -q > summary.json\n\n"
      "The same command again continues where the last one stopped, and repeats nothing that is "
      "complete.");
  verb->callback([&session, options] {
    session.action = [&session, options] { return Run(session.globals, *options); };
  });
}

}  // namespace vlmhb::cli
