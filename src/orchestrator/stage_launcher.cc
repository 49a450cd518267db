#include "orchestrator/stage_launcher.h"

#include "base/text.h"

namespace vlmhb::orchestrator {
namespace {

using plan::Stage;
using plan::StageKind;

constexpr int64_t kMaxProcesses = 512;

}  // namespace

std::string StageLauncher::EnvironmentId(const Stage& stage) const {
  return Slug(experiment_.name + "-" + stage.id);
}

const RunProvision* StageLauncher::ProvisionOf(const Stage& stage) const {
  if (!stage.run.has_value() || options_.provisions.empty()) return nullptr;
  return &options_.provisions.at(*stage.run);
}

// An evaluation runs in the image of its plug-ins, which is one (CheckImages of cli/prepare).
std::string StageLauncher::ImageOf(const Stage& stage) const {
  const RunProvision* provision = ProvisionOf(stage);
  if (provision == nullptr) return "";
  if (stage.kind == StageKind::kInfer) return provision->model.image.reference;
  for (const Provision& metric : provision->metrics)
    if (!metric.image.reference.empty()) return metric.image.reference;
  return "";
}

env::EnvSpec StageLauncher::SpecOf(const Stage& stage, const std::string& identity,
                                   const std::vector<std::string>& gpus) const {
  env::EnvSpec spec{.id = EnvironmentId(stage),
                    .identity = identity,
                    .workspace = folder_.string(),
                    .cpus = stage.resources.cpus,
                    .memory_bytes = stage.resources.memory_bytes,
                    .max_processes = kMaxProcesses,
                    .gpus = stage.resources.gpus,
                    .gpu_ids = gpus};
  spec.image = ImageOf(stage);
  if (stage.kind == StageKind::kInfer && experiment_.runs.at(*stage.run).model.network)
    spec.network = env::Network::kOutside;
  return spec;
}

Result<void> StageLauncher::Launch(const Stage& stage, const std::string& identity,
                                   const std::vector<std::string>& gpus, const StagePaths& paths,
                                   std::vector<RunOutcome> outcomes) const {
  const std::string env_id = EnvironmentId(stage);
  VLMHB_TRY(env_.Setup(SpecOf(stage, identity, gpus)));
  const StageContext context{.experiment = experiment_,
                             .stage = stage,
                             .identity = identity,
                             .experiment_folder = folder_,
                             .program = options_.program,
                             .retry_failed = options_.retry_failed,
                             .outcomes = std::move(outcomes),
                             .provision = ProvisionOf(stage)};
  VLMHB_ASSIGN(MountedStage mounted, MountAndDescribe(context, env_, env_id));
  std::map<std::string, std::string> environment;
  if (stage.kind == StageKind::kInfer) VLMHB_TRY(HideSecrets(mounted.spec, environment));
  VLMHB_TRY(os::WriteFileAtomic(paths.spec, ToPrettyJson(mounted.spec)));
  VLMHB_ASSIGN(const std::string spec_path,
               env_.MountData(env_id, paths.spec, "stage.json", env::Access::kReadOnly));
  return env_.Run(env_id, {.argv = {mounted.program, "stage", "--spec", spec_path},
                           .env = environment,
                           .log = paths.log});
}

// Secrets reach a model by its environment's variables and stand in no file.
Result<void> StageLauncher::HideSecrets(json::object& spec,
                                        std::map<std::string, std::string>& environment) const {
  json::object& model = spec.at("infer").at("model").as_object();
  VLMHB_ASSIGN(model["params"],
               config::MoveSecrets(model.at("params").as_object(), options_.secrets, environment));
  return {};
}

}  // namespace vlmhb::orchestrator
