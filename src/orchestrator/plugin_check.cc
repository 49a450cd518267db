#include "orchestrator/plugin_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "registry/params.h"

namespace vlmhb::orchestrator {
namespace {

using config::Problem;
using registry::MetricEntry;

class Completer {
 public:
  Completer(const registry::ResolvedExperiment& experiment, std::vector<Problem>& problems)
      : file_(experiment.file), problems_(problems) {}

  void CheckParams(const registry::PluginEntry& entry, const json::object& hello,
                   const json::object& params) {
    for (const std::string& message : CheckPluginParams(hello, params)) Add(entry, message);
  }

  void CompleteMetric(MetricEntry& metric, const json::object& hello) {
    static const json::object kNothing;
    const json::object* said = FindObject(hello, "capabilities");
    if (said == nullptr) said = &kNothing;
    const std::string aggregate = FindString(*said, "aggregate");
    if (!metric.aggregate.empty() && metric.aggregate != aggregate)
      Add(metric, fmt::format("the entry says aggregate '{}', the plug-in says '{}'; remove it "
                              "from the entry, or correct it",
                              metric.aggregate, SanitizeUtf8(aggregate)));
    metric.aggregate = aggregate;
    if (metric.direction.empty()) metric.direction = FindString(*said, "direction");
    if (metric.direction != "lower" && metric.direction != "higher")
      Add(metric,
          "neither the entry nor the plug-in says whether 'higher' or 'lower' is better "
          "(direction)");
    if (metric.unit.empty()) metric.unit = FindString(*said, "unit");
    const json::array* range = FindArray(*said, "range");
    if (metric.range.empty() && range != nullptr && range->size() == 2) metric.range = *range;
    if (metric.range.empty()) metric.range = {nullptr, nullptr};
  }

  // An evaluation has one environment, so its plug-ins can name one image between them.
  void CheckImages(const registry::ResolvedRun& run) {
    std::string image;
    for (const registry::ResolvedMetric& metric : run.metrics) {
      if (metric.entry.image.empty() || metric.entry.image == image) continue;
      if (!image.empty())
        Add(metric.entry, fmt::format("it needs the image '{}', and another metric of the run {} "
                                      "needs '{}'; evaluate them in two runs over the same answers",
                                      metric.entry.image, run.id, image));
      image = metric.entry.image;
    }
  }

 private:
  void Add(const registry::PluginEntry& entry, const std::string& message) {
    Problem problem{
        {.file = file_, .field = std::string(registry::KindName(entry.kind))},
        fmt::format("{} '{}': {}", registry::KindName(entry.kind), entry.name, message)};
    const bool known = std::any_of(problems_.begin(), problems_.end(), [&](const Problem& other) {
      return other.message == problem.message;
    });
    if (!known) problems_.push_back(std::move(problem));
  }

  const std::string& file_;
  std::vector<Problem>& problems_;
};

}  // namespace

std::vector<std::string> CheckPluginParams(const json::object& hello, const json::object& params) {
  const json::object* schema = FindObject(hello, "params_schema");
  if (schema == nullptr) return {};
  const Result<config::JsonSchema> compiled = registry::CompileParamsSchema(*schema);
  if (!compiled.ok())
    return {"the plug-in's own params_schema is no JSON Schema: " + compiled.error().message()};
  std::vector<std::string> messages;
  for (const config::SchemaViolation& violation : compiled->Validate(params))
    messages.push_back(fmt::format("params{}: {}", violation.pointer, violation.message));
  return messages;
}

std::vector<Problem> CompleteFromPlugins(registry::ResolvedExperiment& experiment,
                                         const std::vector<RunProvision>& provisions) {
  std::vector<Problem> problems;
  Completer completer(experiment, problems);
  for (size_t i = 0; i < experiment.runs.size(); ++i) {
    registry::ResolvedRun& run = experiment.runs[i];
    const RunProvision& provision = provisions.at(i);
    completer.CheckParams(run.model, provision.model.hello, run.model.params);
    if (run.dataset.source.has_value())
      completer.CheckParams(run.task, provision.task.hello, run.dataset.source->params);
    for (size_t m = 0; m < run.metrics.size(); ++m) {
      const json::object& hello = provision.metrics.at(m).hello;
      if (hello.empty()) continue;
      completer.CompleteMetric(run.metrics[m].entry, hello);
      completer.CheckParams(run.metrics[m].entry, hello, run.metrics[m].params);
    }
    completer.CheckImages(run);
  }
  return problems;
}

}  // namespace vlmhb::orchestrator
