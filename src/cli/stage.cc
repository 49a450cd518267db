// vlmhb stage --spec FILE: one stage, inside its environment (docs/formats/stage.md).

#include "inference/stage.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/own_environment.h"
#include "cli/signals.h"
#include "evaluate/evaluator.h"
#include "loading/import_stage.h"
#include "os/landlock.h"
#include "os/seccomp.h"
#include "packages/package_stage.h"
#include "packages/sbom.h"
#include "report/report_stage.h"
#include "store/confinement.h"
#include "worker/plugin_stage.h"

namespace vlmhb::cli {
namespace {

constexpr int kSomeSamplesFailed = 1;  // docs/errors.md

// The second wall, inside whatever environment this is: the stage and all that it starts can write
// to its output folder and to temporary files, and nowhere else, and their system calls are
// filtered, also where the environment's own filter allows more. Where the kernel has no Landlock
// or no filters, the environment alone holds. The version of Landlock; 0: none.
Result<int> Confine(const json::object& spec) {
  const os::Path output = FindString(spec, "output");
  VLMHB_ASSIGN(
      const int landlock,
      os::RestrictWrites({output, std::filesystem::temp_directory_path(), "/dev", "/proc"}));
  VLMHB_TRY(os::FilterSyscalls());
  return landlock;
}

// For the manifest. `landlock`: as Confine returned it.
Result<void> TellConfinement(const json::object& spec, int landlock) {
  VLMHB_ASSIGN(const std::string status, os::ReadFile("/proc/self/status", 1u << 16));
  store::Confinement confinement = store::ParseProcStatus(status);
  confinement.landlock = landlock;
  return store::WriteConfinement(FindString(spec, "output"), confinement);
}

// What this environment consists of, beside the stage's outputs.
Result<void> WriteBillOfMaterials(const json::object& spec) {
  const packages::Inventory inventory{FindString(spec, "stage"), VLMHB_VERSION,
                                      packages::TakeInventory("/", packages::LayerOfSpec(spec))};
  return os::WriteFileAtomic(os::Path(FindString(spec, "output")) / "sbom.json",
                             ToPrettyJson(packages::MakeSbom(inventory)));
}

// Whether every sample is fine.
Result<bool> RunStage(const json::object& spec) {
  VLMHB_ASSIGN(const int landlock, Confine(spec));
  const std::atomic<bool>& stop = StopOnSignals();
  const SystemClock clock;
  const std::string stage = FindString(spec, "stage");
  if (stage == "resolve" || stage == "install") {
    VLMHB_TRY(packages::RunPackageStage(spec, OwnEnvironment()));
    return true;
  }
  if (stage == "describe" || stage == "check") {
    VLMHB_TRY(worker::RunPluginStage(spec, OwnEnvironment(), stop));
    return true;
  }
  if (stage == "import") {
    VLMHB_TRY(loading::RunImportStage(spec, OwnEnvironment(), stop));
    return true;
  }
  VLMHB_TRY(TellConfinement(spec, landlock));
  VLMHB_TRY(WriteBillOfMaterials(spec));
  if (stage == "infer") {
    const inference::RunContext context{clock, stop, OwnEnvironment(),
                                        std::filesystem::temp_directory_path()};
    VLMHB_ASSIGN(const store::StageResult result, inference::RunInferStage(spec, context));
    return result.failed == 0;
  }
  if (stage == "evaluate") {
    VLMHB_ASSIGN(const auto counts,
                 evaluate::RunEvaluateStage(spec, clock, stop, OwnEnvironment()));
    return counts.failed == 0;
  }
  if (stage == "report") {
    VLMHB_TRY(report::RunReportStage(spec, clock));
    return true;
  }
  static const std::vector<std::string> kStages = {"infer",   "evaluate", "report", "resolve",
                                                   "install", "describe", "check",  "import"};
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("unknown stage '{}'.{}", stage, DidYouMean(stage, kStages)));
}

Result<bool> RunSpecFile(const std::string& file) {
  VLMHB_ASSIGN(const std::string text, os::ReadFile(file));
  VLMHB_ASSIGN(const json::value spec, ParseJson(text));
  if (!spec.is_object()) return Error(ErrorCode::kInvalidConfig, file + " is not a JSON object");
  return RunStage(spec.get_object());
}

}  // namespace

void AddStage(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("stage", "Run one stage (inside its environment; docs/formats/stage.md)");
  auto spec = std::make_shared<std::string>();
  verb->add_option("--spec", *spec, "stage.json")->required()->type_name("FILE");
  verb->callback([&session, spec] {
    session.action = [&session, spec] {
      const Result<bool> done = RunSpecFile(*spec);
      if (!done.ok()) return Fail(session.globals, done.error());
      return *done ? 0 : kSomeSamplesFailed;
    };
  });
}

}  // namespace vlmhb::cli
