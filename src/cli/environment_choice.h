#pragma once
// The options that say where stages run and what is injected there, shared by run, plan and env.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "cli/environments.h"
#include "orchestrator/provision.h"
#include "orchestrator/workspace.h"
#include "packages/injector.h"

namespace vlmhb::cli {

struct EnvironmentChoice {
  std::string environment = "process";
  std::string sandbox = "auto";
  std::string mode;    // "dev", "prod"; "": RUN_MODE
  std::string wheels;  // folder; "": packages come from the configured index
};

void AddEnvironmentOptions(CLI::App& verb, EnvironmentChoice& choice);

Result<std::unique_ptr<env::EnvManager>> MakeEnvironment(const EnvironmentChoice& choice,
                                                         const orchestrator::Workspace& workspace);

// The lock file of a config: <stem>.lock.json beside it.
os::Path LockFileOf(const std::string& config_file);

// An injector that obeys `locked` if there is one. Once `stop` is true what runs is ended; null:
// nothing will be started. Progress goes to standard error unless quiet.
Result<packages::Injector> MakeInjector(const Globals& globals, const EnvironmentChoice& choice,
                                        env::EnvManager& environment,
                                        const orchestrator::Workspace& workspace,
                                        std::optional<packages::LockFile> locked,
                                        const std::atomic<bool>* stop);

// One line of progress on standard error, unless quiet; `transient` ones replace each other.
void Tell(const Globals& globals, std::string_view line, bool transient);

}  // namespace vlmhb::cli
