#include "orchestrator/provision.h"

#include <fmt/format.h>

#include <map>

namespace vlmhb::orchestrator {
namespace {

constexpr double kMegabyte = 1e6;

class Provisioner {
 public:
  Provisioner(env::EnvManager& environments, packages::Injector& injector, ProvisionMode mode,
              const ProvisionListener& tell)
      : environments_(environments), injector_(injector), mode_(mode), tell_(tell) {}

  Provision Make(const registry::ResolvedRun& run) {
    Provision provision;
    if (run.answers.has_value()) return provision;
    if (!run.model.image.empty() && environments_.capabilities().images) {
      const Result<env::Image> image = ImageOf(run.model.image);
      if (!image.ok()) return Failed(image.error(), "setting up the image of " + run.model.name);
      provision.image = *image;
    }
    if (!NeedsLayer(run.model)) return provision;
    const packages::Request request{.sources = run.model.packages,
                                    .image = provision.image.reference,
                                    .image_digest = provision.image.digest};
    Result<packages::Layer> layer =
        mode_ == ProvisionMode::kMake ? injector_.Ensure(request) : injector_.Find(request);
    if (!layer.ok()) return Failed(layer.error(), "setting up the packages of " + run.model.name);
    provision.layer = std::move(*layer);
    return provision;
  }

 private:
  static Provision Failed(Error error, std::string doing) {
    Provision provision;
    provision.problem = std::move(error).With(std::move(doing));
    return provision;
  }

  Result<env::Image> ImageOf(const std::string& reference) {
    if (const auto known = images_.find(reference); known != images_.end()) return known->second;
    const auto listener = [&](const env::PullProgress& progress) {
      tell_(fmt::format("pulling {}: {} of {} layers, {:.0f} of {:.0f} MB", reference,
                        progress.layers_done, progress.layers_total,
                        static_cast<double>(progress.bytes_done) / kMegabyte,
                        static_cast<double>(progress.bytes_total) / kMegabyte),
            true);
    };
    VLMHB_ASSIGN(
        const env::Image image,
        environments_.PrepareImage(
            reference, mode_ == ProvisionMode::kMake ? env::Pull::kIfMissing : env::Pull::kNever,
            listener));
    images_[reference] = image;
    return image;
  }

  env::EnvManager& environments_;
  packages::Injector& injector_;
  const ProvisionMode mode_;
  const ProvisionListener& tell_;
  std::map<std::string, env::Image> images_;
};

}  // namespace

bool NeedsLayer(const registry::ModelEntry& model) {
  return !model.packages.empty() || (!model.command.empty() && model.command[0] == "python");
}

std::vector<Provision> ProvisionRuns(const registry::ResolvedExperiment& experiment,
                                     env::EnvManager& environments, packages::Injector& injector,
                                     ProvisionMode mode, const ProvisionListener& tell) {
  Provisioner provisioner(environments, injector, mode, tell);
  std::vector<Provision> provisions;
  provisions.reserve(experiment.runs.size());
  for (const registry::ResolvedRun& run : experiment.runs)
    provisions.push_back(provisioner.Make(run));
  return provisions;
}

}  // namespace vlmhb::orchestrator
