#include "registry/resolve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "registry/answers_lookup.h"
#include "registry/dataset_resolver.h"
#include "registry/params.h"
#include "registry/prompt_resolver.h"
#include "registry/run_ids.h"
#include "registry/run_problems.h"

namespace vlmhb::registry {
namespace {

using config::Experiment;
using config::Problem;
using config::RunConfig;
using os::Path;

const std::vector<std::string> kGroupings = {"by_id", "by_doc_question", "by_doc_type", "general"};

bool Contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// The role columns that a grouping needs.
std::vector<std::string> RolesOf(std::string_view grouping) {
  if (grouping == "by_doc_question") return {"doc_class", "question_type"};
  if (grouping == "by_doc_type") return {"doc_class"};
  return {};
}

class Resolver {
 public:
  Resolver(const Experiment& experiment, const Registry& registry, const ResolveOptions& options,
           std::vector<Problem>& problems)
      : experiment_(experiment),
        registry_(registry),
        options_(options),
        all_problems_(problems),
        datasets_(experiment, registry, options.find_import) {}

  ResolvedRun Resolve(const RunConfig& run) {
    RunProblems problems(run, all_problems_);
    ResolvedRun resolved;
    resolved.sampling = run.sampling;
    resolved.timeout_ms = run.timeout_ms.value_or(resolved.timeout_ms);
    resolved.attempts = run.attempts.value_or(resolved.attempts);
    resolved.image_transport = run.image_transport.value_or(resolved.image_transport);
    resolved.model = ResolveModel(run, problems);
    resolved.concurrency = run.concurrency.value_or(resolved.model.resources.processes);

    const Result<const TaskEntry*> task = registry_.FindTask(run.task);
    if (!task.ok()) {
      // Without a task nothing else can be judged.
      problems.Add("task", task.error());
      return resolved;
    }
    resolved.task = **task;
    ResolveCommand(resolved.task, "task", problems);
    resolved.metrics = ResolveMetrics(run, resolved.task, problems);
    std::optional<FoundDataset> found = datasets_.Resolve(run, resolved.task, problems);
    resolved.prompt = PromptFinder(experiment_, run, resolved.task, resolved.model.name,
                                   found.has_value() ? &*found : nullptr, problems)
                          .Find();
    if (found.has_value()) {
      resolved.group_by = ResolveGroupBy(run, resolved.task, *found, problems);
      resolved.dataset = std::move(found->dataset);
    }
    if (run.only_evaluate_metrics) {
      Result<std::string> answers = FindAnswers(experiment_, run, resolved.task.name);
      if (answers.ok())
        resolved.answers = *std::move(answers);
      else
        problems.Add(run.answers.has_value() ? "answers" : "only_evaluate_metrics",
                     answers.error());
    }
    return resolved;
  }

 private:
  ModelEntry ResolveModel(const RunConfig& run, RunProblems& problems) {
    const Result<const ModelEntry*> found = registry_.FindModel(run.framework, run.model);
    if (!found.ok()) {
      if (run.only_evaluate_metrics) return NameOnly(run);
      problems.Add("model", found.error());
      return {};
    }
    ModelEntry model = **found;
    if (run.only_evaluate_metrics) return model;
    if (!model.unsupported.empty()) {
      problems.Add("model",
                   fmt::format("the model '{}' cannot be run: {}", model.name, model.unsupported));
      return model;
    }
    model.params = MergeParams(model.params, run.model_params);
    for (const config::SchemaViolation& violation :
         params_.Check(model.params_schema, model.params))
      problems.Add("model_params" + violation.pointer, violation.message);
    ResolveCommand(model, "model", problems);
    return model;
  }

  // Answers made elsewhere may be of a model that no registry knows: its name is a label.
  static ModelEntry NameOnly(const RunConfig& run) {
    ModelEntry model;
    model.name = run.model;
    model.framework = run.framework;
    model.version = "unknown";
    model.unsupported = "no registry knows it; only its answers are evaluated";
    return model;
  }

  // The place of a problem with an entry, for instance "the model 'x'".
  static std::string Named(const PluginEntry& entry) {
    return fmt::format("the {} '{}'", KindName(entry.kind), entry.name);
  }

  static void CheckPackageFolders(const PluginEntry& entry, const std::string& key,
                                  RunProblems& problems) {
    for (const PackageSource& source : entry.packages) {
      std::error_code ignored;
      if (source.type == PackageSource::Type::kLocal &&
          !std::filesystem::is_directory(source.path, ignored))
        problems.Add(key, fmt::format("the package folder {} of {} does not exist", source.path,
                                      Named(entry)));
    }
  }

  // The interpreter is that of the plug-in's layer; what it runs is a module, or a script.
  static void ResolvePython(PluginEntry& entry, const std::string& key, RunProblems& problems) {
    const bool module = entry.command.size() > 2 && entry.command[1] == "-m";
    if (module) return;
    if (entry.command.size() < 2 || entry.command[1].starts_with("-")) {
      problems.Add(key, fmt::format("the command of {} is neither [python, -m, MODULE] nor "
                                    "[python, SCRIPT]",
                                    Named(entry)));
      return;
    }
    const Path script = (Path(entry.file).parent_path() / entry.command[1]).lexically_normal();
    if (::access(script.c_str(), R_OK) != 0)
      problems.Add(key, ErrnoError(errno, fmt::format("the script {} of {} cannot be read",
                                                      script.string(), Named(entry))));
    entry.command[1] = script.string();
  }

  // Makes the program's path absolute. Nothing to do for what is no plug-in.
  void ResolveCommand(PluginEntry& entry, const std::string& key, RunProblems& problems) const {
    if (!entry.is_plugin()) return;
    std::string& program = entry.command.at(0);
    CheckPackageFolders(entry, key, problems);
    if (program == "python") return ResolvePython(entry, key, problems);
    if (program.find('/') == std::string::npos) {
      const std::optional<Path> found = options_.find_plugin(program);
      if (found.has_value())
        program = found->string();
      else
        problems.Add(key, fmt::format("the plug-in program '{}' of {} is neither beside vlmhb nor "
                                      "in workers/ there; build it with `cmake --build "
                                      "build/release --target {}`",
                                      program, Named(entry), program));
      return;
    }
    const Path path = (Path(entry.file).parent_path() / program).lexically_normal();
    if (::access(path.c_str(), X_OK) != 0)
      problems.Add(key, ErrnoError(errno, fmt::format("the plug-in program {} of {} cannot be run",
                                                      path.string(), Named(entry))));
    program = path.string();
  }

  std::vector<ResolvedMetric> ResolveMetrics(const RunConfig& run, const TaskEntry& task,
                                             RunProblems& problems) {
    std::vector<config::MetricChoice> choices;
    if (run.metrics.has_value())
      choices = *run.metrics;
    else
      for (const std::string& name : task.metrics) choices.push_back({name, {}});
    std::vector<ResolvedMetric> metrics;
    std::set<std::string> names;
    for (size_t i = 0; i < choices.size(); ++i) {
      const std::string key = fmt::format("metrics/{}", i);
      const Result<const MetricEntry*> entry = registry_.FindMetric(choices[i].name);
      if (!entry.ok()) {
        problems.Add(key, entry.error());
        continue;
      }
      const MetricEntry& metric = **entry;
      CheckSupported(metric, task, key, problems);
      if (!names.insert(metric.name).second)
        problems.Add(key, fmt::format("the metric '{}' is there twice", metric.name));
      json::object params = MergeParams(metric.params, choices[i].params);
      for (const config::SchemaViolation& violation : params_.Check(metric.params_schema, params))
        problems.Add(fmt::format("{}/params{}", key, violation.pointer), violation.message);
      metrics.push_back({metric, std::move(params)});
      ResolveCommand(metrics.back().entry, key, problems);
    }
    return metrics;
  }

  // A plug-in is nothing that a built-in task could know of.
  static void CheckSupported(const MetricEntry& metric, const TaskEntry& task,
                             const std::string& key, RunProblems& problems) {
    if (task.supported_metrics.empty() || metric.is_plugin()) return;
    for (const std::string& supported : task.supported_metrics)
      if (AsciiLower(supported) == AsciiLower(metric.name)) return;
    problems.Add(key, fmt::format("the task '{}' does not support the metric '{}'; it has {}",
                                  task.name, metric.name, Join(task.supported_metrics, ", ")));
  }

  // What the task asks for by default is left out where the dataset cannot give it; what the user
  // asks for must be possible.
  std::vector<std::string> ResolveGroupBy(const RunConfig& run, const TaskEntry& task,
                                          const FoundDataset& found, RunProblems& problems) {
    std::vector<std::string> groupings;
    if (!found.header_known) return run.group_by.value_or(task.group_by);
    const auto possible = [&](const std::string& grouping) {
      const std::vector<std::string> roles = RolesOf(grouping);
      return std::all_of(roles.begin(), roles.end(),
                         [&](const std::string& role) { return found.HasRole(role); }) &&
             (Contains(kGroupings, grouping) || found.HasColumn(grouping));
    };
    if (!run.group_by.has_value()) {
      std::copy_if(task.group_by.begin(), task.group_by.end(), std::back_inserter(groupings),
                   possible);
      return groupings;
    }
    for (size_t i = 0; i < run.group_by->size(); ++i) {
      std::string grouping = (*run.group_by)[i];
      if (grouping == "overall" && !found.HasColumn(grouping)) grouping = "general";
      if (!possible(grouping))
        problems.Add(fmt::format("group_by/{}", i), ImpossibleGrouping(grouping, found));
      else if (!Contains(groupings, grouping))
        groupings.push_back(grouping);
    }
    return groupings;
  }

  static std::string ImpossibleGrouping(const std::string& grouping, const FoundDataset& found) {
    for (const std::string& role : RolesOf(grouping))
      if (!found.HasRole(role))
        return fmt::format("{} needs the column '{}', which {} does not have", grouping, role,
                           found.dataset.annotation);
    std::vector<std::string> known = kGroupings;
    known.insert(known.end(), found.header.begin(), found.header.end());
    return fmt::format("'{}' is neither {} nor a column of {}.{}", grouping, Join(kGroupings, ", "),
                       found.dataset.annotation, DidYouMean(grouping, known));
  }

  const Experiment& experiment_;
  const Registry& registry_;
  const ResolveOptions& options_;
  std::vector<Problem>& all_problems_;
  DatasetResolver datasets_;
  ParamsChecker params_;
};

// One mistake in "defaults" or "matrix" is found once for every run.
void RemoveRepetitions(std::vector<Problem>& problems) {
  std::set<std::string> seen;
  std::erase_if(problems, [&](const Problem& p) { return !seen.insert(p.ToString()).second; });
}

}  // namespace

Resolved Resolve(const Experiment& experiment, const Registry& registry,
                 const ResolveOptions& options) {
  std::vector<Problem> problems;
  ResolvedExperiment resolved;
  resolved.name = experiment.name;
  resolved.title = experiment.title;
  resolved.file = experiment.file;
  resolved.bootstrap = experiment.bootstrap;
  const std::vector<std::string> ids = MakeRunIds(experiment.runs, problems);
  Resolver resolver(experiment, registry, options, problems);
  for (size_t i = 0; i < experiment.runs.size(); ++i) {
    ResolvedRun run = resolver.Resolve(experiment.runs[i]);
    run.id = ids[i];
    resolved.runs.push_back(std::move(run));
  }
  if (problems.empty()) return resolved;
  RemoveRepetitions(problems);
  return problems;
}

}  // namespace vlmhb::registry
