// vlmhb registry validate [PATH]: entries are read, plug-ins installed into environments of their
// own, asked what they are and put through their self-check.

#include <fmt/format.h>

#include "base/text.h"
#include "cli/environment_choice.h"
#include "cli/prepare.h"
#include "cli/registry_plugins.h"
#include "cli/setup.h"
#include "cli/signals.h"
#include "orchestrator/plugin_check.h"

namespace vlmhb::cli {
namespace {

using os::Path;
using registry::PluginEntry;

struct ValidateOptions {
  EnvironmentChoice environment;
  std::string path;
  std::string dataset;  // for tasks
};

// What was found out about one entry.
struct Verdict {
  const PluginEntry* entry = nullptr;
  std::vector<std::string> problems;
  json::value report;  // of the self-check; null: there was none
};

// Entries of the level, of all kinds that may be plug-ins.
template <typename E>
void Collect(const registry::Registry::Table<E>& table, registry::Level level,
             std::vector<const PluginEntry*>& entries) {
  for (const auto& [name, versions] : table)
    for (const E& entry : versions)
      if (entry.level == level) entries.push_back(&entry);
}

void TakeFindings(const json::object& report, std::vector<std::string>& problems) {
  const json::array* findings = FindArray(report, "findings");
  if (findings == nullptr) return;
  for (const json::value& finding : *findings)
    if (finding.is_object())
      problems.push_back(SanitizeUtf8(fmt::format(
          "{}: {}\nfix: {}", FindString(finding.get_object(), "code"),
          FindString(finding.get_object(), "message"), FindString(finding.get_object(), "fix"))));
}

class Validation {
 public:
  Validation(orchestrator::Provisioner& provisioner, orchestrator::Describer& describer,
             const Path& dataset)
      : provisioner_(provisioner), describer_(describer), dataset_(dataset) {}

  Verdict Judge(const PluginEntry& entry) {
    Verdict verdict{.entry = &entry};
    if (entry.plugin.empty()) return verdict;
    const orchestrator::Provision provision = provisioner_.For(entry);
    if (provision.problem.has_value()) {
      verdict.problems.push_back(provision.problem->ToString());
      return verdict;
    }
    verdict.problems = orchestrator::CheckPluginParams(provision.hello, entry.params);
    const bool is_task = entry.kind == registry::Kind::kTask;
    Result<json::object> report =
        describer_.Check(entry, provision.place(), is_task ? dataset_ : Path());
    if (report.ok()) {
      TakeFindings(*report, verdict.problems);
      verdict.report = *std::move(report);
    } else {
      verdict.problems.push_back(report.error().ToString());
    }
    return verdict;
  }

 private:
  orchestrator::Provisioner& provisioner_;
  orchestrator::Describer& describer_;
  const Path& dataset_;
};

// Of several lines, which tracebacks have; what a plug-in says must not look like ours.
void PrintProblem(std::string_view problem) {
  std::string_view indent = "      ";
  for (const std::string_view line : Split(problem, '\n')) {
    if (!line.empty()) fmt::print("{}{}\n", indent, Printable(line));
    indent = "        ";
  }
}

void Print(const Globals& globals, const Verdict& verdict) {
  const bool ok = verdict.problems.empty();
  const std::string_view checked =
      verdict.entry->plugin.empty() ? "  (only its entry: no Python plug-in)" : "";
  fmt::print("{} {} {} {}{}\n",
             Tinted(globals.out, ok ? Tint::kGreen : Tint::kRed, ok ? "ok   " : "wrong"),
             registry::KindName(verdict.entry->kind), Printable(verdict.entry->name),
             Printable(verdict.entry->version), checked);
  for (const std::string& problem : verdict.problems) PrintProblem(problem);
}

json::object ToJson(const Verdict& verdict) {
  json::array problems;
  for (const std::string& problem : verdict.problems) problems.emplace_back(problem);
  return {{"kind", registry::KindName(verdict.entry->kind)},
          {"name", verdict.entry->name},
          {"version", verdict.entry->version},
          {"file", verdict.entry->file},
          {"problems", std::move(problems)},
          {"self_check", verdict.report}};
}

Result<int> Validate(const Globals& globals, const ValidateOptions& options) {
  VLMHB_ASSIGN(const Path folder, EntriesFolder(options.path));
  std::vector<config::Problem> problems;
  const registry::Registry registry = registry::Registry::Load(
      {.experiment = folder, .dev = IsDevMode(options.environment.mode)}, problems);
  std::vector<const PluginEntry*> entries;
  Collect(registry.models(), registry::Level::kExperiment, entries);
  Collect(registry.tasks(), registry::Level::kExperiment, entries);
  Collect(registry.metrics(), registry::Level::kExperiment, entries);

  const orchestrator::Workspace workspace(std::filesystem::absolute(globals.workspace));
  const std::atomic<bool>& stop = StopOnSignals();
  VLMHB_ASSIGN(const auto environment, MakeEnvironment(options.environment, workspace));
  VLMHB_TRY(environment->Probe());
  VLMHB_ASSIGN(packages::Injector injector, MakeInjector(globals, options.environment, *environment,
                                                         workspace, std::nullopt, &stop));
  orchestrator::Describer describer = MakeDescriber(*environment, workspace, &stop);
  orchestrator::Provisioner provisioner(
      *environment, injector, describer, orchestrator::ProvisionMode::kMake,
      [&](std::string_view line, bool transient) { Tell(globals, line, transient); });
  const Path dataset =
      options.dataset.empty() ? Path() : std::filesystem::absolute(options.dataset);
  Validation validation(provisioner, describer, dataset);
  bool ok = problems.empty();
  json::array verdicts;
  for (const PluginEntry* entry : entries) {
    const Verdict verdict = validation.Judge(*entry);
    if (stop.load()) return Error(ErrorCode::kCancelled, "stopped");
    ok = ok && verdict.problems.empty();
    if (!globals.json) Print(globals, verdict);
    verdicts.push_back(ToJson(verdict));
  }
  if (globals.json) {
    json::array broken;
    for (const config::Problem& problem : problems) broken.emplace_back(problem.ToString());
    PrintJson(json::object{
        {"valid", ok}, {"entries", std::move(verdicts)}, {"broken", std::move(broken)}});
  } else {
    for (const config::Problem& problem : problems)
      fmt::print("{} {}\n", Tinted(globals.out, Tint::kRed, "wrong"), problem.ToString());
    if (entries.empty() && ok) fmt::print("{} has no models, tasks or metrics\n", folder.string());
  }
  return ok ? 0 : ConfigStatus();
}

}  // namespace

Result<Path> EntriesFolder(const Path& path) {
  std::error_code ignored;
  for (const Path& folder : {path, path / "registries"})
    for (const char* kind : {"models", "tasks", "metrics", "datasets"})
      if (std::filesystem::is_directory(folder / kind, ignored))
        return std::filesystem::absolute(folder).lexically_normal();
  return Error(ErrorCode::kNotFound,
               fmt::format("{} has no registry entries: neither it nor registries/ in it has a "
                           "folder models, tasks, metrics or datasets",
                           path.string()));
}

void AddRegistryValidate(CLI::App& registry, Session& session,
                         const std::shared_ptr<std::string>& folder) {
  CLI::App* verb = registry.add_subcommand(
      "validate", "Check entries, and the plug-ins that they name by a self-check");
  auto options = std::make_shared<ValidateOptions>();
  verb->add_option("path", options->path,
                   "A package, or a folder with models/, tasks/, metrics/ (default: registries/ "
                   "beside the config's folder)")
      ->type_name("DIR");
  verb->add_option("--dataset", options->dataset, "A folder or file for tasks to read")
      ->check(CLI::ExistingPath);
  AddEnvironmentOptions(*verb, options->environment);
  verb->callback([&session, options, folder] {
    session.action = [&session, options, folder] {
      if (options->path.empty()) options->path = *folder;
      const Result<int> status = Validate(session.globals, *options);
      return status.ok() ? *status : Fail(session.globals, status.error());
    };
  });
}

}  // namespace vlmhb::cli
