#pragma once
// Environment setup, the step before the plan: images are pulled, injected packages are resolved
// and installed. What a stage runs in is part of its identity, so it must be known first.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "env/env_manager.h"
#include "packages/injector.h"
#include "registry/resolved.h"

namespace vlmhb::orchestrator {

// What a run's inference runs in.
struct Provision {
  env::Image image;  // empty where the environment has no images, or for an empty one
  std::optional<packages::Layer> layer;
  std::optional<Error> problem;  // why it cannot be had: that run fails, the others go on
};

enum class ProvisionMode {
  kMake,  // pull and install what is missing
  kLook,  // only what is here already; the rest is a problem
};

// "pulling x: 3 of 7 layers, 120 MB"; `transient` lines replace each other.
using ProvisionListener = std::function<void(std::string_view line, bool transient)>;

// One Provision for each run, in order. What runs of one model need is made once. `injector` works
// in `environments`.
std::vector<Provision> ProvisionRuns(const registry::ResolvedExperiment& experiment,
                                     env::EnvManager& environments, packages::Injector& injector,
                                     ProvisionMode mode, const ProvisionListener& tell);

// The parts of it. Whether the model runs on an injected interpreter:
bool NeedsLayer(const registry::ModelEntry& model);
// its image, empty where it names none or `environments` has none;
Result<env::Image> ImageOf(const registry::ModelEntry& model, env::EnvManager& environments,
                           ProvisionMode mode, const ProvisionListener& tell);
// and what is to be injected into that.
packages::Request PackagesOf(const registry::ModelEntry& model, const env::Image& image);

}  // namespace vlmhb::orchestrator
