// vlmhb registry: what a config can name.

#include "registry/registry.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/prepare.h"
#include "cli/registry_plugins.h"
#include "registry/describe.h"

namespace vlmhb::cli {
namespace {

constexpr const char* kKinds[] = {"models", "tasks", "metrics", "datasets"};

// Broken entries are told, but what is right is shown all the same.
registry::Registry Open(const Globals& globals, const std::string& experiment_folder) {
  std::vector<config::Problem> problems;
  registry::Registry registry = OpenRegistry(experiment_folder, IsDevMode(""), problems);
  for (const config::Problem& problem : problems)
    fmt::print(stderr, "{} {}\n", Tinted(globals.err, Tint::kYellow, "warning:"),
               problem.ToString());
  return registry;
}

void PrintList(const Globals& globals, const char* kind, const json::array& entries) {
  fmt::print("{}\n", Tinted(globals.out, Tint::kBold, kind));
  for (const json::value& value : entries) {
    const json::object& entry = value.get_object();
    const std::string level = FindString(entry, "level");
    fmt::print("  {}  {:<7} {:<10}  {}\n", Fit(FindString(entry, "name"), 26),
               FindString(entry, "version"), level,
               FindBool(entry, "runnable", true)
                   ? FindString(entry, "description")
                   : FindString(entry, "description") + " (answers can be evaluated only)");
  }
}

int ListEntries(const Globals& globals, const std::string& folder, const std::string& only) {
  const registry::Registry registry = Open(globals, folder);
  json::object all;
  for (const char* kind : kKinds) {
    if (!only.empty() && registry::ParseKind(only) != registry::ParseKind(kind)) continue;
    json::array entries = registry::List(registry, *registry::ParseKind(kind));
    if (!globals.json) PrintList(globals, kind, entries);
    all[kind] = std::move(entries);
  }
  if (globals.json) PrintJson(all);
  return 0;
}

int ShowEntry(const Globals& globals, const std::string& folder, const std::string& kind,
              const std::string& name) {
  const registry::Registry registry = Open(globals, folder);
  const Result<json::object> entry = registry::Show(registry, *registry::ParseKind(kind), name);
  if (!entry.ok()) return Fail(globals, entry.error());
  PrintJson(*entry);
  return 0;
}

std::string CheckKind(const std::string& text) {
  return registry::ParseKind(text).has_value()
             ? ""
             : "'" + text + "' is none of models, tasks, metrics, datasets";
}

}  // namespace

void AddRegistry(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("registry", "Models, tasks, metrics and datasets that a config can name");
  verb->require_subcommand(1);
  auto folder = std::make_shared<std::string>(".");
  verb->add_option("--experiment", *folder,
                   "Folder of a config, whose registries/ are looked up too (default: here)")
      ->type_name("DIR");

  CLI::App* list = verb->add_subcommand("list", "All of them, or one kind");
  auto only = std::make_shared<std::string>();
  list->add_option("kind", *only, "models, tasks, metrics or datasets")->check(CheckKind);
  list->callback([&session, folder, only] {
    session.action = [&session, folder, only] {
      return ListEntries(session.globals, *folder, *only);
    };
  });

  CLI::App* show = verb->add_subcommand("show", "Everything that is known of one, as JSON");
  auto kind = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  show->add_option("kind", *kind, "model, task, metric or dataset")->required()->check(CheckKind);
  show->add_option("name", *name)->required();
  show->callback([&session, folder, kind, name] {
    session.action = [&session, folder, kind, name] {
      return ShowEntry(session.globals, *folder, *kind, *name);
    };
  });
  AddRegistryValidate(*verb, session, folder);
  AddRegistryAdd(*verb, session, folder);
  AddRegistryNew(*verb, session);
  verb->footer(
      "Examples:\n  vlmhb registry list models\n  vlmhb registry show metric cer\n"
      "  vlmhb registry new metric word-order\n  vlmhb registry validate word-order\n"
      "  vlmhb registry add word-order");
}

}  // namespace vlmhb::cli
