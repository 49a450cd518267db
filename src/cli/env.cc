// vlmhb env: what exists in environments, and the locks of injected packages.

#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/environment_choice.h"
#include "cli/prepare.h"
#include "cli/signals.h"
#include "packages/lock_file.h"

namespace vlmhb::cli {
namespace {

using env::Leftover;

struct ListOptions {
  EnvironmentChoice choice;
  bool all = false;  // prune: also what still runs under a living vlmhb
};

json::object LeftoverJson(const Leftover& found) {
  return {{"kind", found.kind},
          {"name", found.name},
          {"environment", found.id},
          {"workspace", found.workspace},
          {"state", found.state},
          {"created_at", found.created_at},
          {"owner_alive", found.owner_alive}};
}

void PrintLeftovers(const std::vector<Leftover>& list) {
  if (list.empty()) fmt::print("nothing\n");
  for (const Leftover& found : list)
    fmt::print("{:<10} {:<9} {:<8} {}  {}\n", found.kind, Printable(found.state),
               found.owner_alive ? "in use" : "orphan", Printable(found.name),
               Printable(found.workspace));
}

// A container that a new run of its experiment has taken over still carries the old owner's label;
// the lock of its workspace, <workspace>/experiments/<name>, tells.
Result<std::vector<Leftover>> ListAll(env::EnvManager& environment) {
  VLMHB_ASSIGN(std::vector<Leftover> list, environment.List());
  for (Leftover& found : list) {
    if (found.owner_alive || found.workspace.empty()) continue;
    const os::Path root = os::Path(found.workspace).parent_path().parent_path();
    found.owner_alive = orchestrator::Workspace(root).IsLocked();
  }
  return list;
}

Result<int> List(const Globals& globals, const EnvironmentChoice& choice) {
  const orchestrator::Workspace workspace(std::filesystem::absolute(globals.workspace));
  VLMHB_ASSIGN(const auto environment, MakeEnvironment(choice, workspace));
  VLMHB_ASSIGN(const std::vector<Leftover> list, ListAll(*environment));
  if (!globals.json) {
    PrintLeftovers(list);
    return 0;
  }
  json::array found;
  for (const Leftover& leftover : list) found.push_back(LeftoverJson(leftover));
  PrintJson(found);
  return 0;
}

Result<int> Prune(const Globals& globals, const ListOptions& options) {
  const orchestrator::Workspace workspace(std::filesystem::absolute(globals.workspace));
  VLMHB_ASSIGN(const auto environment, MakeEnvironment(options.choice, workspace));
  VLMHB_ASSIGN(const std::vector<Leftover> list, ListAll(*environment));
  json::array removed;
  for (const Leftover& found : list) {
    if (found.owner_alive && !options.all) continue;
    VLMHB_TRY(environment->Remove(found));
    if (!globals.json && !globals.quiet)
      fmt::print("removed {} {}\n", found.kind, Printable(found.name));
    removed.push_back(LeftoverJson(found));
  }
  if (globals.json) PrintJson(json::object{{"removed", std::move(removed)}});
  return 0;
}

// Models, tasks and metrics of all runs, in order.
std::vector<const registry::PluginEntry*> PluginsOf(
    const registry::ResolvedExperiment& experiment) {
  std::vector<const registry::PluginEntry*> plugins;
  for (const registry::ResolvedRun& run : experiment.runs) {
    plugins.push_back(&run.model);
    plugins.push_back(&run.task);
    for (const registry::ResolvedMetric& metric : run.metrics) plugins.push_back(&metric.entry);
  }
  return plugins;
}

Result<int> WriteLocks(const Globals& globals, const EnvironmentChoice& choice,
                       const registry::ResolvedExperiment& experiment) {
  const orchestrator::Workspace workspace(std::filesystem::absolute(globals.workspace));
  VLMHB_ASSIGN(const auto environment, MakeEnvironment(choice, workspace));
  VLMHB_TRY(environment->Probe());
  VLMHB_ASSIGN(packages::Injector injector, MakeInjector(globals, choice, *environment, workspace,
                                                         std::nullopt, &StopOnSignals()));
  packages::LockFile locks;
  size_t count = 0;
  for (const registry::PluginEntry* entry : PluginsOf(experiment)) {
    if (!orchestrator::NeedsLayer(*entry)) continue;
    VLMHB_ASSIGN(const env::Image image,
                 orchestrator::ImageOf(*entry, *environment, orchestrator::ProvisionMode::kMake,
                                       [](std::string_view, bool) {}));
    auto lock = injector.Resolve(orchestrator::PackagesOf(*entry, image));
    if (!lock.ok()) return std::move(lock).error().With("locking the packages of " + entry->name);
    if (packages::FindLock(locks, lock->request, lock->python).ok()) continue;
    count += lock->packages.size();
    locks.push_back(*std::move(lock));
  }
  const size_t environments = locks.size();
  const os::Path file = LockFileOf(experiment.file);
  packages::LockFile old;
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    VLMHB_ASSIGN(old, packages::ReadLockFile(file));
  }
  VLMHB_TRY(packages::WriteLockFile(file, packages::MergeLocks(old, std::move(locks))));
  if (globals.json)
    PrintJson(json::object{{"file", file.string()}, {"locks", environments}, {"packages", count}});
  else
    fmt::print("{}: {} environments, {} packages\n", file.string(), environments, count);
  return 0;
}

int Finish(const Globals& globals, const Result<int>& status) {
  return status.ok() ? *status : Fail(globals, status.error());
}

void AddList(CLI::App& env, Session& session) {
  CLI::App* verb = env.add_subcommand("list", "What vlmhb has made that still exists");
  auto choice = std::make_shared<EnvironmentChoice>();
  AddEnvironmentOptions(*verb, *choice);
  verb->callback([&session, choice] {
    session.action = [&session, choice] {
      return Finish(session.globals, List(session.globals, *choice));
    };
  });
}

void AddPrune(CLI::App& env, Session& session) {
  CLI::App* verb = env.add_subcommand(
      "prune", "Remove what an ended vlmhb left; running commands of it are killed");
  auto options = std::make_shared<ListOptions>();
  AddEnvironmentOptions(*verb, options->choice);
  verb->add_flag("--all", options->all, "Also what a running vlmhb uses");
  verb->callback([&session, options] {
    session.action = [&session, options] {
      return Finish(session.globals, Prune(session.globals, *options));
    };
  });
}

void AddLock(CLI::App& env, Session& session) {
  CLI::App* verb = env.add_subcommand(
      "lock",
      "Resolve the packages of every plug-in and write <config>.lock.json, which later runs "
      "install exactly");
  auto choice = std::make_shared<EnvironmentChoice>();
  auto config = std::make_shared<std::string>();
  verb->add_option("config", *config, "CSV, JSON or YAML file")->required();
  AddEnvironmentOptions(*verb, *choice);
  verb->callback([&session, choice, config] {
    session.action = [&session, choice, config] {
      const auto source = ExperimentSource::Load(session.globals, *config, IsDevMode(choice->mode));
      const auto resolved = source.has_value() ? source->Resolve(session.globals) : std::nullopt;
      if (!resolved.has_value()) return ConfigStatus();
      return Finish(session.globals, WriteLocks(session.globals, *choice, *resolved));
    };
  });
}

}  // namespace

void AddEnv(CLI::App& app, Session& session) {
  CLI::App* env = app.add_subcommand("env", "List and remove environments, lock their packages");
  env->require_subcommand(1);
  AddList(*env, session);
  AddPrune(*env, session);
  AddLock(*env, session);
}

}  // namespace vlmhb::cli
