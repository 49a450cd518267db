#include "orchestrator/provision.h"

#include <fmt/format.h>

namespace vlmhb::orchestrator {
namespace {

constexpr double kMegabyte = 1e6;

Provision Failed(Error error, std::string doing) {
  Provision provision;
  provision.problem = std::move(error).With(std::move(doing));
  return provision;
}

// Whether a plug-in is asked what it is before anything starts: metrics and tasks say how they are
// used, Python models which parameters they take.
bool IsAsked(const registry::PluginEntry& entry) {
  return entry.kind != registry::Kind::kModel || !entry.plugin.empty();
}

}  // namespace

bool NeedsLayer(const registry::PluginEntry& entry) {
  return !entry.packages.empty() || (!entry.command.empty() && entry.command[0] == "python");
}

Result<env::Image> ImageOf(const registry::PluginEntry& entry, env::EnvManager& environments,
                           ProvisionMode mode, const ProvisionListener& tell) {
  if (entry.image.empty() || !environments.capabilities().images) return env::Image{};
  const auto listener = [&](const env::PullProgress& progress) {
    tell(fmt::format("pulling {}: {} of {} layers, {:.0f} of {:.0f} MB", entry.image,
                     progress.layers_done, progress.layers_total,
                     static_cast<double>(progress.bytes_done) / kMegabyte,
                     static_cast<double>(progress.bytes_total) / kMegabyte),
         true);
  };
  return environments.PrepareImage(
      entry.image, mode == ProvisionMode::kMake ? env::Pull::kIfMissing : env::Pull::kNever,
      listener);
}

packages::Request PackagesOf(const registry::PluginEntry& entry, const env::Image& image) {
  return {.sources = entry.packages,
          .folder = os::Path(entry.file).parent_path(),
          .image = image.reference,
          .image_digest = image.digest};
}

const Error* RunProvision::ProblemOf(plan::StageKind kind) const {
  if (dataset.has_value()) return &*dataset;
  if (kind == plan::StageKind::kInfer && model.problem.has_value()) return &*model.problem;
  if (kind != plan::StageKind::kEvaluate) return nullptr;
  for (const Provision& metric : metrics)
    if (metric.problem.has_value()) return &*metric.problem;
  return nullptr;
}

Provisioner::Provisioner(env::EnvManager& environments, packages::Injector& injector,
                         Describer& describer, ProvisionMode mode, ProvisionListener tell)
    : env_(environments),
      injector_(injector),
      describer_(describer),
      mode_(mode),
      tell_(std::move(tell)) {}

Provision Provisioner::Make(const registry::PluginEntry& entry) {
  Result<env::Image> image = ImageOf(entry, env_, mode_, tell_);
  if (!image.ok()) return Failed(std::move(image).error(), "setting up the image of " + entry.name);
  Provision provision{.image = *image};
  if (NeedsLayer(entry)) {
    const packages::Request request = PackagesOf(entry, *image);
    Result<packages::Layer> layer =
        mode_ == ProvisionMode::kMake ? injector_.Ensure(request) : injector_.Find(request);
    if (!layer.ok())
      return Failed(std::move(layer).error(), "setting up the packages of " + entry.name);
    provision.layer = *std::move(layer);
  }
  if (!IsAsked(entry)) return provision;
  Result<json::object> hello = mode_ == ProvisionMode::kMake
                                   ? describer_.Ask(entry, provision.place())
                                   : describer_.Find(entry, provision.place());
  if (!hello.ok()) return Failed(std::move(hello).error(), "asking " + entry.name + " what it is");
  provision.hello = *std::move(hello);
  return provision;
}

// By entry: a model on ten datasets is set up once, and if that fails, told ten times.
Provision Provisioner::For(const registry::PluginEntry& entry) {
  if (!entry.is_plugin()) return {};
  const std::string key =
      fmt::format("{} {} {}", registry::KindName(entry.kind), entry.file, entry.name);
  const auto [place, is_new] = made_.try_emplace(key);
  if (is_new) place->second = Make(entry);
  return place->second;
}

std::vector<RunProvision> Provisioner::ForRuns(const registry::ResolvedExperiment& experiment) {
  std::vector<RunProvision> provisions;
  provisions.reserve(experiment.runs.size());
  for (const registry::ResolvedRun& run : experiment.runs) {
    RunProvision provision;
    if (!run.answers.has_value()) provision.model = For(run.model);
    provision.task = For(run.task);
    for (const registry::ResolvedMetric& metric : run.metrics)
      provision.metrics.push_back(For(metric.entry));
    provisions.push_back(std::move(provision));
  }
  return provisions;
}

}  // namespace vlmhb::orchestrator
