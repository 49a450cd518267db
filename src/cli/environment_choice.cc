#include "cli/environment_choice.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/own_environment.h"
#include "cli/signals.h"
#include "packages/lock_file.h"

namespace vlmhb::cli {
namespace {

using orchestrator::Provision;
using orchestrator::ProvisionMode;
using os::Path;

// What pip and uv are configured by; nothing else of this process's environment goes anywhere.
bool IsInstallSetting(std::string_view name) {
  static const std::vector<std::string> kExact = {
      "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "HTTP_PROXY",
      "HTTPS_PROXY",   "NO_PROXY",     "ALL_PROXY",          "http_proxy",
      "https_proxy",   "no_proxy",     "all_proxy"};
  return name.starts_with("PIP_") || name.starts_with("UV_") ||
         std::find(kExact.begin(), kExact.end(), name) != kExact.end();
}

std::map<std::string, std::string> InstallSettings() {
  std::map<std::string, std::string> settings;
  for (auto& [name, value] : OwnEnvironment())
    if (IsInstallSetting(name)) settings[name] = value;
  return settings;
}

void Tell(const Globals& globals, std::string_view line, bool transient) {
  if (globals.quiet) return;
  if (!transient) {
    fmt::print(stderr, "{}\n", Printable(line));
  } else if (globals.err.interactive) {
    fmt::print(stderr, "\r\x1b[K{}", Printable(line));
  }
}

}  // namespace

void AddEnvironmentOptions(CLI::App& verb, EnvironmentChoice& choice) {
  verb.add_option("-e,--env", choice.environment,
                  "Environment of the stages: " + Join(EnvironmentNames(), ", "));
  verb.add_option("--sandbox", choice.sandbox,
                  "For --env process. auto: isolate every stage, or stop and say why not; none: no "
                  "isolation (recorded in the manifest and the report)")
      ->check(CLI::IsMember({"auto", "none"}));
  verb.add_option("--mode", choice.mode,
                  "dev: registry entries are overlaid by their *.dev.* files, and local packages "
                  "may be editable; prod: neither (default: RUN_MODE, or prod)")
      ->check(CLI::IsMember({"dev", "prod"}));
  verb.add_option("--wheels", choice.wheels,
                  "Folder of wheels: packages are installed from it alone, without a network")
      ->check(CLI::ExistingDirectory);
}

Result<std::unique_ptr<env::EnvManager>> MakeEnvironment(const EnvironmentChoice& choice,
                                                         const orchestrator::Workspace& workspace) {
  return MakeEnvironment(choice.environment,
                         choice.sandbox == "none" ? SandboxChoice::kOff : SandboxChoice::kOn,
                         workspace.root());
}

Path LockFileOf(const std::string& config_file) {
  return Path(config_file).replace_extension(".lock.json");
}

Result<packages::Injector> MakeInjector(const Globals& globals, const EnvironmentChoice& choice,
                                        const std::string& config_file, bool obey_lock,
                                        env::EnvManager& environment,
                                        const orchestrator::Workspace& workspace) {
  packages::InjectorOptions options{.cache = workspace.EnvironmentCache(),
                                    .program = os::SelfExecutable(),
                                    .workspace = workspace.root().string(),
                                    .settings = InstallSettings()};
  if (!choice.wheels.empty()) options.wheels = std::filesystem::absolute(choice.wheels);
  std::error_code ignored;
  const Path lock_file = LockFileOf(config_file);
  if (obey_lock && std::filesystem::exists(lock_file, ignored)) {
    VLMHB_ASSIGN(options.locked, packages::ReadLockFile(lock_file));
  }
  options.stop = &StopOnSignals();
  options.tell = [globals](std::string_view line) { Tell(globals, line, false); };
  return packages::Injector(environment, std::move(options));
}

Result<std::vector<Provision>> Provide(const Globals& globals, const EnvironmentChoice& choice,
                                       const registry::ResolvedExperiment& experiment,
                                       ProvisionMode mode, env::EnvManager& environment,
                                       const orchestrator::Workspace& workspace) {
  VLMHB_ASSIGN(packages::Injector injector,
               MakeInjector(globals, choice, experiment.file, true, environment, workspace));
  bool shown = false;
  const auto tell = [&](std::string_view line, bool transient) {
    Tell(globals, line, transient);
    shown = shown || transient;
  };
  std::vector<Provision> provisions =
      orchestrator::ProvisionRuns(experiment, environment, injector, mode, tell);
  if (shown && !globals.quiet && globals.err.interactive) fmt::print(stderr, "\r\x1b[K");
  return provisions;
}

}  // namespace vlmhb::cli
