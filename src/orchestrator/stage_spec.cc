#include "orchestrator/stage_spec.h"

#include <utility>

#include "orchestrator/plugin_mount.h"

namespace vlmhb::orchestrator {
namespace {

using env::Access;
using plan::StageKind;
using registry::ResolvedDataset;
using registry::ResolvedRun;

json::value OrNull(const std::optional<std::string>& text) {
  return text.has_value() ? json::value(*text) : json::value(nullptr);
}

class Mounter {
 public:
  Mounter(env::EnvManager& env, const std::string& id) : env_(env), id_(id) {}
  Result<std::string> ReadOnly(const Path& host, const std::string& name) {
    return env_.MountData(id_, host, name, Access::kReadOnly);
  }
  Result<std::string> ReadWrite(const Path& host, const std::string& name) {
    return env_.MountData(id_, host, name, Access::kReadWrite);
  }

 private:
  env::EnvManager& env_;
  const std::string& id_;
};

// `prefix` keeps the names of several runs apart, for the report.
Result<json::object> MountDataset(Mounter& mount, const ResolvedDataset& dataset,
                                  const std::string& prefix) {
  VLMHB_ASSIGN(const std::string root, mount.ReadOnly(dataset.root, prefix + "dataset"));
  const Path relative = Path(dataset.annotation).lexically_relative(dataset.root);
  std::string annotation = root + "/" + relative.string();
  if (relative.empty() || *relative.begin() == "..") {
    VLMHB_ASSIGN(annotation, mount.ReadOnly(dataset.annotation, prefix + "annotation.csv"));
  }
  return DatasetView(dataset, root, annotation);
}

// argv of a plug-in in that environment.
Result<json::array> MountIn(Mounter& mount, const std::vector<std::string>& command,
                            const Provision* provision, const std::string& suffix) {
  const bool has_layer = provision != nullptr && provision->layer.has_value();
  return MountPlugin(
      [&](const Path& host, const std::string& name) { return mount.ReadOnly(host, name); },
      command, has_layer ? &*provision->layer : nullptr, suffix);
}

const Provision* ModelOf(const StageContext& context) {
  return context.provision == nullptr ? nullptr : &context.provision->model;
}

Result<json::object> DescribeInfer(const StageContext& context, Mounter& mount,
                                   const std::string& program) {
  const ResolvedRun& run = context.experiment.runs.at(*context.stage.run);
  VLMHB_ASSIGN(json::object dataset, MountDataset(mount, run.dataset, ""));
  VLMHB_ASSIGN(json::array command, MountIn(mount, run.model.command, ModelOf(context), ""));
  json::value collection = nullptr;
  if (run.prompt.collection.has_value()) {
    VLMHB_ASSIGN(collection, mount.ReadOnly(*run.prompt.collection, "prompts.csv"));
  }
  json::value mapping = nullptr;
  if (run.prompt.mapping.has_value()) mapping = *run.prompt.mapping;
  return json::object{{"model",
                       {{"name", run.model.name},
                        {"version", run.model.version},
                        {"command", std::move(command)},
                        {"params", run.model.params},
                        {"processes", run.model.resources.processes}}},
                      {"dataset", std::move(dataset)},
                      {"prompt",
                       {{"system", OrNull(run.prompt.system)},
                        {"fixed", OrNull(run.prompt.fixed)},
                        {"collection", std::move(collection)},
                        {"mapping", std::move(mapping)},
                        {"fallback", OrNull(run.prompt.fallback)}}},
                      {"sampling", run.sampling},
                      {"concurrency", run.concurrency},
                      {"timeout_ms", run.timeout_ms},
                      {"attempts", run.attempts},
                      {"image_transport", run.image_transport},
                      {"retry_failed", context.retry_failed},
                      {"wrapper", json::array{program, "wrapper"}}};
}

// Adds to each metric that is a plug-in how it is started there.
Result<void> MountMetrics(const StageContext& context, Mounter& mount, json::array& metrics) {
  const ResolvedRun& run = context.experiment.runs.at(*context.stage.run);
  for (size_t m = 0; m < run.metrics.size(); ++m) {
    const registry::MetricEntry& entry = run.metrics[m].entry;
    if (!entry.is_plugin()) continue;
    const Provision* provision =
        context.provision == nullptr ? nullptr : &context.provision->metrics.at(m);
    VLMHB_ASSIGN(metrics.at(m).as_object()["command"],
                 MountIn(mount, entry.command, provision, "-" + std::to_string(m)));
  }
  return {};
}

Result<json::object> DescribeEvaluate(const StageContext& context, Mounter& mount) {
  const ResolvedRun& run = context.experiment.runs.at(*context.stage.run);
  const Path made_here =
      PathsOf(context.experiment_folder, run.id, StageKind::kInfer).folder / "answers.csv";
  // A model may have put a link to any file of this machine in its place.
  if (!run.answers.has_value()) VLMHB_TRY(os::CheckNoLink(made_here));
  VLMHB_ASSIGN(
      const std::string answers,
      mount.ReadOnly(run.answers.has_value() ? Path(*run.answers) : made_here, "answers.csv"));
  VLMHB_ASSIGN(json::object dataset, MountDataset(mount, run.dataset, ""));
  json::object spec{{"answers", answers}, {"dataset", std::move(dataset)}};
  for (const char* key : {"metrics", "group_by", "bootstrap"})
    spec[key] = context.stage.recipe.at(key);
  VLMHB_TRY(MountMetrics(context, mount, spec["metrics"].as_array()));
  return spec;
}

Result<json::object> DescribeReport(const StageContext& context, Mounter& mount) {
  json::array runs;
  for (size_t i = 0; i < context.experiment.runs.size(); ++i) {
    const ResolvedRun& run = context.experiment.runs[i];
    const RunOutcome& outcome = context.outcomes.at(i);
    const std::string prefix = "run" + std::to_string(i) + "-";
    json::object entry{
        {"run", run.id},         {"model", run.model.name},   {"model_version", run.model.version},
        {"task", run.task.name}, {"report", run.task.report}, {"dataset", run.dataset.name},
        {"inference", nullptr},  {"evaluation", nullptr},     {"manifest", nullptr},
        {"failure", nullptr}};
    if (!outcome.failure.empty()) entry["failure"] = outcome.failure;
    const auto show = [&](const char* key, const Path& host) -> Result<void> {
      std::error_code ignored;
      if (!std::filesystem::exists(host, ignored)) return {};
      VLMHB_ASSIGN(entry[key], mount.ReadOnly(host, prefix + key));
      return {};
    };
    const Path evaluation = PathsOf(context.experiment_folder, run.id, StageKind::kEvaluate).folder;
    if (outcome.has_inference)
      VLMHB_TRY(
          show("inference", PathsOf(context.experiment_folder, run.id, StageKind::kInfer).folder));
    if (outcome.failure.empty()) VLMHB_TRY(show("evaluation", evaluation));
    VLMHB_TRY(show("manifest", evaluation.parent_path() / "manifest.json"));
    // There is none where an import failed.
    if (!run.dataset.annotation.empty()) {
      VLMHB_ASSIGN(entry["dataset_view"], MountDataset(mount, run.dataset, prefix));
    }
    runs.push_back(std::move(entry));
  }
  return json::object{
      {"title", context.experiment.title}, {"runs", std::move(runs)}, {"worst_samples", 10}};
}

Result<json::object> DescribeKind(const StageContext& context, Mounter& mount,
                                  const std::string& program) {
  switch (context.stage.kind) {
    case StageKind::kInfer:
      return DescribeInfer(context, mount, program);
    case StageKind::kEvaluate:
      return DescribeEvaluate(context, mount);
    case StageKind::kReport:
      return DescribeReport(context, mount);
  }
  return Error(ErrorCode::kInternal, "unknown stage kind");
}

}  // namespace

json::object DatasetView(const ResolvedDataset& dataset, const std::string& root,
                         const std::string& annotation) {
  json::object columns;
  for (const auto& [role, column] : dataset.columns) columns[role] = column;
  json::object view{{"root", root},
                    {"annotation", annotation},
                    {"columns", std::move(columns)},
                    {"filter",
                     {{"doc_class", OrNull(dataset.filter_doc_class)},
                      {"question_type", OrNull(dataset.filter_question_type)}}}};
  view["limit"] = dataset.limit.has_value() ? json::value(*dataset.limit) : nullptr;
  return view;
}

Result<MountedStage> MountAndDescribe(const StageContext& context, env::EnvManager& env,
                                      const std::string& env_id) {
  const std::string run =
      context.stage.run.has_value() ? context.experiment.runs.at(*context.stage.run).id : "";
  Mounter mount(env, env_id);
  VLMHB_ASSIGN(const std::string program, mount.ReadOnly(context.program, "vlmhb"));
  const StagePaths paths = PathsOf(context.experiment_folder, run, context.stage.kind);
  VLMHB_ASSIGN(const std::string output, mount.ReadWrite(paths.folder, "out"));
  VLMHB_ASSIGN(json::object parameters, DescribeKind(context, mount, program));
  const std::string kind(plan::StageKindName(context.stage.kind));
  json::object spec{{"schema", "vlmhb.stage/1"},
                    {"stage", kind},
                    {"run", run.empty() ? context.experiment.name : run},
                    {"identity", context.identity},
                    {"output", output}};
  spec[kind] = std::move(parameters);
  return MountedStage{std::move(spec), program};
}

}  // namespace vlmhb::orchestrator
