#pragma once
// The experiment as a graph of stages, and which of them may start now. Pure: no clock, no files,
// no processes; the same input gives the same plan. The orchestrator does what the plan says.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "registry/resolved.h"

namespace vlmhb::plan {

enum class StageKind { kInfer, kEvaluate, kReport };
std::string_view StageKindName(StageKind kind);  // "infer", ... as in stage.json

struct Resources {
  int64_t cpus = 1;
  int64_t memory_bytes = 0;
  int64_t gpus = 0;
};

struct Stage {
  std::string id;  // "<run>/infer", "<run>/evaluate", "report"; unique
  StageKind kind = StageKind::kInfer;
  std::optional<size_t> run;  // index into ResolvedExperiment::runs; absent for the report
  std::vector<size_t> needs;  // stages that must have succeeded
  std::vector<size_t> after;  // stages that must have ended, well or badly
  Resources resources;
  // Everything that can change the output but for the outputs of earlier stages.
  json::object recipe;
};

struct Plan {
  std::vector<Stage> stages;  // a stage stands after all that it waits for
};

// Digests of what the recipes cannot contain themselves, found by whoever may read files.
struct RunInputs {
  std::string dataset;            // content of annotation and images
  std::string prompt_collection;  // "" if there is none
  std::string answers;            // "" if the answers are made by inference
  std::string plugin;             // the plug-in program
  std::string image;              // "" where environments have none
  std::string packages;           // key of the layer of injected packages; "" if there is none
  // Of each metric of the run: what its plug-in runs (layer, program, image); "" if it is none.
  std::vector<std::string> metrics;
};

// REQUIRES: inputs.size() == experiment.runs.size().
Plan MakePlan(const registry::ResolvedExperiment& experiment, const std::vector<RunInputs>& inputs,
              std::string_view program_version);

// The identity of a stage: SHA-256 of its recipe and of the digests of the outputs it reads. Two
// stages of one identity give the same output, so a complete result can be reused.
std::string Identity(const Stage& stage, const std::vector<std::string>& input_digests);

// The metrics of a run as the evaluate stage takes them (docs/formats/stage.md), but for the
// commands of plug-ins. `plugins` as RunInputs::metrics.
json::array MetricsToJson(const std::vector<registry::ResolvedMetric>& metrics,
                          const std::vector<std::string>& plugins);

}  // namespace vlmhb::plan
