// vlmhb plan CONFIG: what a run would do, without doing it.

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/environment_choice.h"
#include "cli/prepare.h"
#include "cli/setup.h"
#include "data/annotation_reader.h"
#include "orchestrator/reuse.h"

namespace vlmhb::cli {
namespace {

// Samples of a run's dataset, which is also the number of its requests.
Result<uint64_t> SamplesOf(const registry::ResolvedRun& run) {
  VLMHB_ASSIGN(const data::DatasetView view, ViewOf(run.dataset));
  return data::CountSamples(view);
}

Result<json::array> DescribeStages(const Prepared& prepared, const std::vector<bool>& reusable) {
  json::array stages;
  for (size_t i = 0; i < prepared.plan.stages.size(); ++i) {
    const plan::Stage& stage = prepared.plan.stages[i];
    json::object described{{"id", stage.id},
                           {"kind", plan::StageKindName(stage.kind)},
                           {"reuse", static_cast<bool>(reusable[i])},
                           {"cpus", stage.resources.cpus},
                           {"memory_bytes", stage.resources.memory_bytes},
                           {"gpus", stage.resources.gpus}};
    if (stage.run.has_value()) {
      const registry::ResolvedRun& run = prepared.experiment.runs[*stage.run];
      described["model"] = run.model.name;
      if (prepared.provisions.at(*stage.run).dataset.has_value()) {
        described["dataset"] = "not imported yet";
      } else {
        VLMHB_ASSIGN(const uint64_t samples, SamplesOf(run));
        described["samples"] = samples;
        if (stage.kind == plan::StageKind::kInfer)
          described["requests"] = reusable[i] ? 0 : samples;
      }
    }
    stages.push_back(std::move(described));
  }
  return stages;
}

void PrintPlan(const json::array& stages, const Terminal& out) {
  int64_t requests = 0;
  for (const json::value& value : stages) {
    const json::object& stage = value.get_object();
    const bool reuse = FindBool(stage, "reuse", false);
    requests += FindInt(stage, "requests", 0);
    fmt::print("  {}  {}",
               Tinted(out, reuse ? Tint::kDim : Tint::kGreen, reuse ? "reuse" : "run  "),
               Fit(FindString(stage, "id"), 48));
    if (const json::value* samples = stage.if_contains("samples"))
      fmt::print("  {:>9} samples", FormatCount(samples->to_number<int64_t>()));
    else if (stage.contains("dataset"))
      fmt::print("  {}", FindString(stage, "dataset"));
    fmt::print("\n");
  }
  fmt::print("{} requests to send.\n", FormatCount(requests));
}

// What each run would run in, as far as it is here already; a plan pulls, installs and imports
// nothing.
Result<std::optional<SetUp>> LookUp(const Globals& globals, const EnvironmentChoice& choice,
                                    const ExperimentSource& source,
                                    registry::ResolvedExperiment experiment,
                                    const orchestrator::Workspace& workspace) {
  VLMHB_ASSIGN(const auto environment, MakeEnvironment(choice, workspace));
  return SetUpExperiment(globals, choice, source, std::move(experiment),
                         orchestrator::ProvisionMode::kLook, *environment, workspace);
}

Result<int> Plan(const Globals& globals, const EnvironmentChoice& choice,
                 const ExperimentSource& source, registry::ResolvedExperiment resolved) {
  const orchestrator::Workspace workspace(std::filesystem::absolute(globals.workspace));
  VLMHB_ASSIGN(std::optional<SetUp> found,
               LookUp(globals, choice, source, std::move(resolved), workspace));
  if (!found.has_value()) return ConfigStatus();
  VLMHB_ASSIGN(const Prepared prepared,
               Prepare(std::move(found->experiment), std::move(found->provisions), workspace));
  const std::vector<bool> reusable = orchestrator::FindReusable(
      prepared.experiment, prepared.plan, workspace.Experiment(prepared.experiment.name));
  VLMHB_ASSIGN(const json::array stages, DescribeStages(prepared, reusable));
  if (globals.json)
    PrintJson(json::object{{"experiment", prepared.experiment.name}, {"stages", stages}});
  else
    PrintPlan(stages, globals.out);
  return 0;
}

}  // namespace

void AddPlan(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("plan", "Show what a run would do, and what it would reuse");
  auto config = std::make_shared<std::string>();
  verb->add_option("config", *config, "CSV, JSON or YAML file")->required();
  auto choice = std::make_shared<EnvironmentChoice>();
  AddEnvironmentOptions(*verb, *choice);
  verb->callback([&session, config, choice] {
    session.action = [&session, config, choice] {
      const auto source = ExperimentSource::Load(session.globals, *config, IsDevMode(choice->mode));
      auto resolved = source.has_value() ? source->Resolve(session.globals) : std::nullopt;
      if (!resolved.has_value()) return ConfigStatus();
      const Result<int> status = Plan(session.globals, *choice, *source, *std::move(resolved));
      return status.ok() ? *status : Fail(session.globals, status.error());
    };
  });
}

void AddValidate(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("validate", "Check a config and everything that it names; start nothing");
  auto config = std::make_shared<std::string>();
  verb->add_option("config", *config, "CSV, JSON or YAML file")->required();
  verb->callback([&session, config] {
    session.action = [&session, config] {
      const auto source = ExperimentSource::Load(session.globals, *config, IsDevMode(""));
      const auto resolved = source.has_value() ? source->Resolve(session.globals) : std::nullopt;
      if (!resolved.has_value()) return ConfigStatus();
      if (session.globals.json)
        PrintJson(json::object{{"valid", true}, {"runs", resolved->runs.size()}});
      else
        fmt::print("{}: {} runs, no problems\n", *config, resolved->runs.size());
      return 0;
    };
  });
}

}  // namespace vlmhb::cli
