#include "orchestrator/provision.h"

#include <fmt/format.h>

#include <map>

namespace vlmhb::orchestrator {
namespace {

constexpr double kMegabyte = 1e6;

Provision Failed(Error error, std::string doing) {
  Provision provision;
  provision.problem = std::move(error).With(std::move(doing));
  return provision;
}

Provision ProvisionModel(const registry::ModelEntry& model, env::EnvManager& environments,
                         packages::Injector& injector, ProvisionMode mode,
                         const ProvisionListener& tell) {
  Result<env::Image> image = ImageOf(model, environments, mode, tell);
  if (!image.ok()) return Failed(std::move(image).error(), "setting up the image of " + model.name);
  Provision provision{.image = *image};
  if (!NeedsLayer(model)) return provision;
  const packages::Request request = PackagesOf(model, *image);
  Result<packages::Layer> layer =
      mode == ProvisionMode::kMake ? injector.Ensure(request) : injector.Find(request);
  if (!layer.ok())
    return Failed(std::move(layer).error(), "setting up the packages of " + model.name);
  provision.layer = *std::move(layer);
  return provision;
}

}  // namespace

bool NeedsLayer(const registry::ModelEntry& model) {
  return !model.packages.empty() || (!model.command.empty() && model.command[0] == "python");
}

Result<env::Image> ImageOf(const registry::ModelEntry& model, env::EnvManager& environments,
                           ProvisionMode mode, const ProvisionListener& tell) {
  if (model.image.empty() || !environments.capabilities().images) return env::Image{};
  const auto listener = [&](const env::PullProgress& progress) {
    tell(fmt::format("pulling {}: {} of {} layers, {:.0f} of {:.0f} MB", model.image,
                     progress.layers_done, progress.layers_total,
                     static_cast<double>(progress.bytes_done) / kMegabyte,
                     static_cast<double>(progress.bytes_total) / kMegabyte),
         true);
  };
  return environments.PrepareImage(
      model.image, mode == ProvisionMode::kMake ? env::Pull::kIfMissing : env::Pull::kNever,
      listener);
}

packages::Request PackagesOf(const registry::ModelEntry& model, const env::Image& image) {
  return {.sources = model.packages,
          .folder = os::Path(model.file).parent_path(),
          .image = image.reference,
          .image_digest = image.digest};
}

std::vector<Provision> ProvisionRuns(const registry::ResolvedExperiment& experiment,
                                     env::EnvManager& environments, packages::Injector& injector,
                                     ProvisionMode mode, const ProvisionListener& tell) {
  // By entry: a model on ten datasets is set up once, and if that fails, told ten times.
  std::map<std::pair<std::string, std::string>, Provision> made;
  std::vector<Provision> provisions;
  provisions.reserve(experiment.runs.size());
  for (const registry::ResolvedRun& run : experiment.runs) {
    if (run.answers.has_value()) {
      provisions.emplace_back();
      continue;
    }
    const auto [place, is_new] = made.try_emplace({run.model.file, run.model.name});
    if (is_new) place->second = ProvisionModel(run.model, environments, injector, mode, tell);
    provisions.push_back(place->second);
  }
  return provisions;
}

}  // namespace vlmhb::orchestrator
