#include "plan/plan.h"

#include <array>

#include "base/check.h"
#include "base/hash.h"

namespace vlmhb::plan {
namespace {

using registry::ResolvedExperiment;
using registry::ResolvedRun;

constexpr int64_t kMegabyte = 1'000'000;
// Evaluation and report hold no more than accumulators and one record; see bench/.
constexpr int64_t kPostprocessingMemory = 1024 * kMegabyte;

json::value OrNull(const std::optional<std::string>& text) {
  return text.has_value() ? json::value(*text) : json::value(nullptr);
}

json::object DatasetRecipe(const ResolvedRun& run, const RunInputs& inputs) {
  json::object columns;
  for (const auto& [role, column] : run.dataset.columns) columns[role] = column;
  json::object recipe{{"content", inputs.dataset},
                      {"columns", std::move(columns)},
                      {"doc_class", OrNull(run.dataset.filter_doc_class)},
                      {"question_type", OrNull(run.dataset.filter_question_type)}};
  recipe["limit"] = run.dataset.limit.has_value() ? json::value(*run.dataset.limit) : nullptr;
  return recipe;
}

json::object InferRecipe(const ResolvedRun& run, const RunInputs& inputs) {
  json::object model{{"name", run.model.name},     {"version", run.model.version},
                     {"params", run.model.params}, {"processes", run.model.resources.processes},
                     {"plugin", inputs.plugin},    {"image", inputs.image},
                     {"packages", inputs.packages}};
  json::array arguments;
  for (size_t i = 1; i < run.model.command.size(); ++i)
    arguments.emplace_back(run.model.command[i]);
  model["arguments"] = std::move(arguments);
  json::object prompt{{"system", OrNull(run.prompt.system)},
                      {"fixed", OrNull(run.prompt.fixed)},
                      {"collection", inputs.prompt_collection},
                      {"fallback", OrNull(run.prompt.fallback)}};
  // What a collection says for other models is not in it, and changes nothing here.
  if (run.prompt.mapping.has_value())
    prompt["mapping"] = Sha256Hex(ToCanonicalJson(*run.prompt.mapping));
  return {{"model", std::move(model)},      {"dataset", DatasetRecipe(run, inputs)},
          {"prompt", std::move(prompt)},    {"sampling", run.sampling},
          {"concurrency", run.concurrency}, {"timeout_ms", run.timeout_ms},
          {"attempts", run.attempts},       {"image_transport", run.image_transport}};
}

json::object EvaluateRecipe(const ResolvedExperiment& experiment, const ResolvedRun& run,
                            const RunInputs& inputs) {
  json::array group_by;
  for (const std::string& group : run.group_by) group_by.emplace_back(group);
  const config::BootstrapConfig& bootstrap = experiment.bootstrap;
  return {{"answers", inputs.answers},
          {"dataset", DatasetRecipe(run, inputs)},
          {"metrics", MetricsToJson(run.metrics, inputs.metrics)},
          {"group_by", std::move(group_by)},
          {"bootstrap",
           {{"resamples", bootstrap.resamples},
            {"seed", bootstrap.seed},
            {"cluster", bootstrap.cluster},
            {"level", bootstrap.level}}}};
}

json::object ReportRecipe(const ResolvedExperiment& experiment) {
  json::array runs;
  for (const ResolvedRun& run : experiment.runs)
    runs.push_back({{"run", run.id},
                    {"model", run.model.name},
                    {"task", run.task.name},
                    {"report", run.task.report},
                    {"dataset", run.dataset.name}});
  return {{"title", experiment.title}, {"runs", std::move(runs)}};
}

Resources ResourcesOf(const registry::Resources& wanted) {
  return {wanted.cpus, wanted.memory_mb * kMegabyte, wanted.gpus};
}

}  // namespace

std::string_view StageKindName(StageKind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"infer", "evaluate", "report"};
  return kNames.at(static_cast<size_t>(kind));
}

json::array MetricsToJson(const std::vector<registry::ResolvedMetric>& metrics,
                          const std::vector<std::string>& plugins) {
  json::array list;
  for (size_t m = 0; m < metrics.size(); ++m) {
    const registry::MetricEntry& entry = metrics[m].entry;
    json::object metric{{"name", entry.name},           {"version", entry.version},
                        {"params", metrics[m].params},  {"aggregate", entry.aggregate},
                        {"direction", entry.direction}, {"unit", entry.unit},
                        {"range", entry.range}};
    if (entry.is_plugin())
      metric["plugin"] = plugins.at(m);
    else
      metric["implementation"] = entry.implementation;
    list.push_back(std::move(metric));
  }
  return list;
}

Plan MakePlan(const ResolvedExperiment& experiment, const std::vector<RunInputs>& inputs,
              std::string_view program_version) {
  CHECK(inputs.size() == experiment.runs.size(), "every run has its inputs");
  Plan plan;
  const auto add = [&](Stage stage, json::object recipe) {
    recipe["stage"] = StageKindName(stage.kind);
    recipe["vlmhb_version"] = program_version;
    stage.recipe = std::move(recipe);
    plan.stages.push_back(std::move(stage));
    return plan.stages.size() - 1;
  };
  Stage report{.id = "report",
               .kind = StageKind::kReport,
               .resources = {.memory_bytes = kPostprocessingMemory}};
  for (size_t i = 0; i < experiment.runs.size(); ++i) {
    const ResolvedRun& run = experiment.runs[i];
    Stage evaluate{.id = run.id + "/evaluate",
                   .kind = StageKind::kEvaluate,
                   .run = i,
                   .resources = {.memory_bytes = kPostprocessingMemory}};
    if (!run.answers.has_value()) {
      Stage infer{.id = run.id + "/infer",
                  .kind = StageKind::kInfer,
                  .run = i,
                  .resources = ResourcesOf(run.model.resources)};
      evaluate.needs.push_back(add(std::move(infer), InferRecipe(run, inputs[i])));
    }
    report.after.push_back(add(std::move(evaluate), EvaluateRecipe(experiment, run, inputs[i])));
  }
  add(std::move(report), ReportRecipe(experiment));
  return plan;
}

std::string Identity(const Stage& stage, const std::vector<std::string>& input_digests) {
  Sha256 hash;
  hash.UpdateField(ToCanonicalJson(stage.recipe));
  for (const std::string& digest : input_digests) hash.UpdateField(digest);
  return hash.HexDigest();
}

}  // namespace vlmhb::plan
