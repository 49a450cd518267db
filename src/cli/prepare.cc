#include "cli/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/programs.h"
#include "config/secret_ref.h"
#include "data/content_hash.h"
#include "orchestrator/stage_spec.h"
#include "os/process.h"

namespace vlmhb::cli {
namespace {

using config::Problem;
using os::Path;

// A field that is ill-formed already need not be reported for what follows from that.
void AddNew(const std::vector<Problem>& found, std::vector<Problem>& problems) {
  const size_t known = problems.size();
  for (const Problem& problem : found) {
    const bool told = std::any_of(
        problems.begin(), problems.begin() + static_cast<ptrdiff_t>(known), [&](const Problem& p) {
          return p.origin.row == problem.origin.row && p.origin.field == problem.origin.field;
        });
    if (!told) problems.push_back(problem);
  }
}

// A variable or file that is not there is better known now than after hours of other runs.
void CheckSecretsExist(const registry::ResolvedExperiment& experiment,
                       std::vector<Problem>& problems) {
  for (const registry::ResolvedRun& run : experiment.runs) {
    const Result<json::object> resolved = config::ResolveSecrets(run.model.params, os::GetEnv);
    if (!resolved.ok())
      problems.push_back({{.file = experiment.file, .field = "model_params"},
                          run.id + ": " + resolved.error().ToString()});
  }
}

Result<std::string> FileDigest(const Path& file) {
  VLMHB_ASSIGN(const std::string bytes, os::ReadFile(file));
  return Sha256Hex(bytes);
}

// Runs share datasets, prompts and plug-ins: each is read once.
class Digests {
 public:
  explicit Digests(const orchestrator::Workspace& workspace) : workspace_(workspace) {}

  Result<std::string> Dataset(const registry::ResolvedDataset& dataset) {
    const std::string key =
        ToCanonicalJson(orchestrator::DatasetView(dataset, dataset.root, dataset.annotation));
    return Once(key, [&]() -> Result<std::string> {
      VLMHB_ASSIGN(const data::DatasetView view, ViewOf(dataset));
      return data::ContentDigest(view, workspace_.DataCache(), clock_);
    });
  }
  Result<std::string> File(const std::string& path) {
    return Once("file:" + path, [&] { return FileDigest(path); });
  }

 private:
  template <typename Make>
  Result<std::string> Once(const std::string& key, Make make) {
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    VLMHB_ASSIGN(const std::string digest, make());
    known_[key] = digest;
    return digest;
  }

  const orchestrator::Workspace& workspace_;
  const SystemClock clock_;
  std::map<std::string, std::string> known_;
};

// Of a metric: what it runs and what it says it is; "" if it is no plug-in.
Result<std::string> MetricDigest(const registry::MetricEntry& entry,
                                 const orchestrator::Provision& provision) {
  if (!entry.is_plugin()) return std::string();
  VLMHB_ASSIGN(const std::string code, orchestrator::CodeDigest(entry, provision.place()));
  Sha256 hash;
  hash.UpdateField(code);
  hash.UpdateField(ToCanonicalJson(provision.hello));
  return hash.HexDigest();
}

Result<plan::RunInputs> InputsOf(const registry::ResolvedRun& run,
                                 const orchestrator::RunProvision& provision, Digests& digests) {
  plan::RunInputs inputs;
  for (size_t m = 0; m < run.metrics.size(); ++m) {
    VLMHB_ASSIGN(std::string digest, MetricDigest(run.metrics[m].entry, provision.metrics.at(m)));
    inputs.metrics.push_back(std::move(digest));
  }
  // Where the import failed there is nothing to read, and no stage of the run will start.
  if (!provision.dataset.has_value()) {
    VLMHB_ASSIGN(inputs.dataset, digests.Dataset(run.dataset));
  }
  if (run.prompt.collection.has_value()) {
    VLMHB_ASSIGN(inputs.prompt_collection, digests.File(*run.prompt.collection));
  }
  if (run.answers.has_value()) {
    VLMHB_ASSIGN(inputs.answers, digests.File(*run.answers));
  } else if (const auto plugin = orchestrator::PluginFile(run.model); plugin.has_value()) {
    VLMHB_ASSIGN(inputs.plugin, digests.File(*plugin));
  }
  inputs.image = provision.model.image.digest;
  if (provision.model.layer.has_value()) inputs.packages = provision.model.layer->key;
  return inputs;
}

}  // namespace

void PrintProblems(const Globals& globals, const std::vector<Problem>& problems) {
  if (globals.json) {
    json::array list;
    for (const Problem& problem : problems)
      list.push_back({{"file", problem.origin.file},
                      {"row", problem.origin.row},
                      {"field", problem.origin.field},
                      {"message", problem.message}});
    PrintJson(json::object{{"valid", false}, {"problems", std::move(list)}});
    return;
  }
  for (const Problem& problem : problems)
    fmt::print(stderr, "{} {}\n", Tinted(globals.err, Tint::kRed, "error:"), problem.ToString());
  fmt::print(stderr, "{} problem{}; nothing was started.\n", problems.size(),
             problems.size() == 1 ? "" : "s");
}

Path UserRegistries() {
  if (const auto config = os::GetEnv("XDG_CONFIG_HOME"); config.has_value() && !config->empty())
    return Path(*config) / "vlmhb" / "registries";
  if (const auto home = os::GetEnv("HOME"); home.has_value() && !home->empty())
    return Path(*home) / ".config" / "vlmhb" / "registries";
  return {};
}

int ConfigStatus() { return ExitStatus(ErrorCode::kInvalidConfig); }

bool IsDevMode(const std::string& chosen) {
  return (chosen.empty() ? os::GetEnv("RUN_MODE").value_or("") : chosen) == "dev";
}

registry::Registry OpenRegistry(const Path& config_folder, bool dev,
                                std::vector<Problem>& problems) {
  return registry::Registry::Load(
      {.user = UserRegistries(), .experiment = config_folder / "registries", .dev = dev}, problems);
}

std::optional<ExperimentSource> ExperimentSource::Load(const Globals& globals,
                                                       const std::string& config_file, bool dev) {
  ExperimentSource source;
  source.loaded_ = config::LoadExperiment(config_file);
  const config::Experiment& experiment = source.loaded_.experiment;
  source.problems_ = source.loaded_.problems;
  // A config that could not be read at all has no name; there is nothing to look up then.
  if (experiment.name.empty()) {
    PrintProblems(globals, source.problems_);
    return std::nullopt;
  }
  source.registry_ =
      registry::Registry::Load({.user = UserRegistries(),
                                .experiment = Path(experiment.file).parent_path() / "registries",
                                .vlm_base = experiment.folders.vlm_base,
                                .dev = dev},
                               source.problems_);
  return source;
}

std::optional<registry::ResolvedExperiment> ExperimentSource::Resolve(
    const Globals& globals, const registry::FindImport& find_import) const {
  std::vector<Problem> problems = problems_;
  registry::Resolved resolved = registry::Resolve(
      loaded_.experiment, registry_, {.find_plugin = FindPlugin, .find_import = find_import});
  if (const auto* more = std::get_if<std::vector<Problem>>(&resolved)) AddNew(*more, problems);
  if (const auto* found = std::get_if<registry::ResolvedExperiment>(&resolved))
    CheckSecretsExist(*found, problems);
  if (!problems.empty()) {
    PrintProblems(globals, problems);
    return std::nullopt;
  }
  return std::move(std::get<registry::ResolvedExperiment>(resolved));
}

Result<data::DatasetView> ViewOf(const registry::ResolvedDataset& dataset) {
  return data::ParseDatasetView(
      orchestrator::DatasetView(dataset, dataset.root, dataset.annotation));
}

Result<Prepared> Prepare(registry::ResolvedExperiment experiment,
                         std::vector<orchestrator::RunProvision> provisions,
                         const orchestrator::Workspace& workspace) {
  Prepared prepared{.experiment = std::move(experiment), .provisions = std::move(provisions)};
  Digests digests(workspace);
  for (size_t i = 0; i < prepared.experiment.runs.size(); ++i) {
    const registry::ResolvedRun& run = prepared.experiment.runs[i];
    auto inputs = InputsOf(run, prepared.provisions.at(i), digests);
    if (!inputs.ok()) return std::move(inputs).error().With("reading the inputs of " + run.id);
    prepared.inputs.push_back(std::move(*inputs));
  }
  prepared.plan = plan::MakePlan(prepared.experiment, prepared.inputs, VLMHB_VERSION);
  return prepared;
}

}  // namespace vlmhb::cli
