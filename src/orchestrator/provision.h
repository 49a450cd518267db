#pragma once
// Environment setup, the step before the plan: images are pulled, injected packages are resolved
// and installed. What a stage runs in is part of its identity, so it must be known first.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "env/env_manager.h"
#include "orchestrator/describer.h"
#include "packages/injector.h"
#include "plan/plan.h"
#include "registry/resolved.h"

namespace vlmhb::orchestrator {

// What a plug-in runs in, and what it says of itself.
struct Provision {
  env::Image image;  // empty where the environment has no images, or for an empty one
  std::optional<packages::Layer> layer;
  // Its `hello` (docs/formats/plugin-protocol.md), of metrics, tasks and Python models; empty: it
  // was not asked.
  json::object hello;
  std::optional<Error> problem;  // why it cannot be had: what needs it fails, the rest goes on

  // Valid as long as this.
  PluginPlace place() const { return {image, layer.has_value() ? &*layer : nullptr}; }
};

// What the stages of one run need.
struct RunProvision {
  Provision model;
  Provision task;                  // of a task that is a plug-in
  std::vector<Provision> metrics;  // one for each metric of the run
  std::optional<Error> dataset;    // why its import cannot be had

  // Why a stage of that kind cannot run; nullptr if nothing is known against it.
  const Error* ProblemOf(plan::StageKind kind) const;
};

enum class ProvisionMode {
  kMake,  // pull and install what is missing
  kLook,  // only what is here already; the rest is a problem
};

// "pulling x: 3 of 7 layers, 120 MB"; `transient` lines replace each other.
using ProvisionListener = std::function<void(std::string_view line, bool transient)>;

// Makes what plug-ins run in: once for each, however many runs have it.
class Provisioner {
 public:
  // All outlive it; `injector` works in `environments`. `describer` asks plug-ins what they are.
  Provisioner(env::EnvManager& environments, packages::Injector& injector, Describer& describer,
              ProvisionMode mode, ProvisionListener tell);

  // One for each run, in order. Nothing is made for a run's model if it has answers already.
  std::vector<RunProvision> ForRuns(const registry::ResolvedExperiment& experiment);
  Provision For(const registry::PluginEntry& entry);

 private:
  Provision Make(const registry::PluginEntry& entry);

  env::EnvManager& env_;
  packages::Injector& injector_;
  Describer& describer_;
  ProvisionMode mode_;
  ProvisionListener tell_;
  std::map<std::string, Provision> made_;  // by kind, file and name of the entry
};

// The parts of it. Whether the plug-in runs on an injected interpreter:
bool NeedsLayer(const registry::PluginEntry& entry);
// its image, empty where it names none or `environments` has none;
Result<env::Image> ImageOf(const registry::PluginEntry& entry, env::EnvManager& environments,
                           ProvisionMode mode, const ProvisionListener& tell);
// and what is to be injected into that.
packages::Request PackagesOf(const registry::PluginEntry& entry, const env::Image& image);

}  // namespace vlmhb::orchestrator
