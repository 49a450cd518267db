#include "cli/environment_choice.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/own_environment.h"
#include "cli/own_wheels.h"

namespace vlmhb::cli {
namespace {

using os::Path;

// What pip is configured by (HOME and XDG_CONFIG_HOME: where its files are); nothing else of this
// process's environment goes anywhere.
bool IsInstallSetting(std::string_view name) {
  static const std::vector<std::string> kExact = {
      "HOME",        "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
      "HTTP_PROXY",  "HTTPS_PROXY",     "NO_PROXY",      "ALL_PROXY",    "http_proxy",
      "https_proxy", "no_proxy",        "all_proxy"};
  return name.starts_with("PIP_") || std::find(kExact.begin(), kExact.end(), name) != kExact.end();
}

std::map<std::string, std::string> InstallSettings() {
  std::map<std::string, std::string> settings;
  for (auto& [name, value] : OwnEnvironment())
    if (IsInstallSetting(name)) settings[name] = value;
  return settings;
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
                                        env::EnvManager& environment,
                                        const orchestrator::Workspace& workspace,
                                        std::optional<packages::LockFile> locked,
                                        const std::atomic<bool>* stop) {
  packages::InjectorOptions options{
      .cache = workspace.EnvironmentCache(),
      .program = os::SelfExecutable(),
      .workspace = workspace.root().string(),
      .settings = InstallSettings(),
      .locked = std::move(locked),
      .tell = [globals](std::string_view line) { Tell(globals, line, false); },
      .stop = stop};
  VLMHB_ASSIGN(options.own_wheels, OwnWheels(workspace));
  if (!choice.wheels.empty()) options.wheels = std::filesystem::absolute(choice.wheels);
  return packages::Injector(environment, std::move(options));
}

void Tell(const Globals& globals, std::string_view line, bool transient) {
  if (globals.quiet) return;
  if (!transient) {
    fmt::print(stderr, "{}\n", Printable(line));
  } else if (globals.err.interactive) {
    fmt::print(stderr, "\r\x1b[K{}", Printable(line));
  }
}

}  // namespace vlmhb::cli
