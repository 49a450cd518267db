// vlmhb registry add PATH: entries are copied to where configs see them.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/prepare.h"
#include "cli/registry_plugins.h"
#include "config/document_source.h"
#include "registry/registry.h"

namespace vlmhb::cli {
namespace {

using os::Path;

struct Added {
  std::string kind;
  std::string name;
  Path file;
};

Path Absolute(const Path& entry, const std::string& path) {
  return (entry.parent_path() / path).lexically_normal();
}

// What an entry says relative to its file stays true when the file is elsewhere.
void MakeAbsolute(json::object& entry, const Path& file) {
  if (json::value* packages = entry.if_contains("packages"); packages && packages->is_array())
    for (json::value& item : packages->get_array())
      if (item.is_object() && FindString(item.get_object(), "type") == "local")
        item.get_object()["path"] = Absolute(file, FindString(item.get_object(), "path")).string();
  json::value* command = entry.if_contains("command");
  if (command != nullptr && command->is_array() && !command->get_array().empty()) {
    json::array& argv = command->get_array();
    const std::string program = argv[0].is_string() ? std::string(argv[0].get_string()) : "";
    if (program.find('/') != std::string::npos) argv[0] = Absolute(file, program).string();
    const bool script = program == "python" && argv.size() > 1 && argv[1].is_string() &&
                        !argv[1].get_string().starts_with("-");
    if (script) argv[1] = Absolute(file, std::string(argv[1].get_string())).string();
  }
  if (json::value* path = entry.if_contains("path"); path != nullptr && path->is_string())
    *path = Absolute(file, std::string(path->get_string())).string();
}

Result<Added> Copy(registry::Kind kind, const registry::EntryHeader& entry, const Path& target,
                   bool force) {
  const Path file = entry.file;
  VLMHB_ASSIGN(const std::string text, os::ReadFile(file));
  VLMHB_ASSIGN(
      config::SourceDocument document,
      config::ReadDocumentText(text, file.string(), AsciiLower(file.extension().string())));
  json::object object = document.value.as_object();
  MakeAbsolute(object, file);
  const std::string kind_name(registry::KindName(kind));
  Added added{kind_name, entry.name,
              target / (kind_name + "s") / (Slug(entry.name + "-" + entry.version) + ".json")};
  const std::string json_text = ToPrettyJson(object);
  std::error_code ignored;
  if (std::filesystem::exists(added.file, ignored) && !force) {
    const Result<std::string> there = os::ReadFile(added.file);
    if (there.ok() && *there == json_text) return added;
    return Error(
        ErrorCode::kInvalidConfig,
        fmt::format("{} is there already and differs; --force replaces it", added.file.string()));
  }
  VLMHB_TRY(os::MakeFolders(added.file.parent_path()));
  VLMHB_TRY(os::WriteFileAtomic(added.file, json_text));
  return added;
}

template <typename E>
Result<void> CopyAll(const registry::Registry::Table<E>& table, const Path& target, bool force,
                     std::vector<Added>& added) {
  for (const auto& [name, versions] : table)
    for (const E& entry : versions) {
      if (entry.level != registry::Level::kExperiment) continue;
      VLMHB_ASSIGN(Added one, Copy(entry.kind, entry, target, force));
      added.push_back(std::move(one));
    }
  return {};
}

Result<int> Add(const Globals& globals, const std::string& path, const Path& target, bool force) {
  VLMHB_ASSIGN(const Path folder, EntriesFolder(path));
  if (target.empty())
    return Error(ErrorCode::kInvalidConfig,
                 "neither HOME nor XDG_CONFIG_HOME says where your registry is; name a config's "
                 "folder with --experiment");
  std::vector<config::Problem> problems;
  const registry::Registry registry = registry::Registry::Load({.experiment = folder}, problems);
  if (!problems.empty()) {
    PrintProblems(globals, problems);
    return ConfigStatus();
  }
  std::vector<Added> added;
  VLMHB_TRY(CopyAll(registry.models(), target, force, added));
  VLMHB_TRY(CopyAll(registry.tasks(), target, force, added));
  VLMHB_TRY(CopyAll(registry.metrics(), target, force, added));
  VLMHB_TRY(CopyAll(registry.datasets(), target, force, added));
  json::array list;
  for (const Added& one : added) {
    list.push_back({{"kind", one.kind}, {"name", one.name}, {"file", one.file.string()}});
    if (!globals.json) fmt::print("{} {}: {}\n", one.kind, Printable(one.name), one.file.string());
  }
  if (globals.json) PrintJson(json::object{{"added", std::move(list)}});
  return 0;
}

}  // namespace

void AddRegistryAdd(CLI::App& registry, Session& session,
                    const std::shared_ptr<std::string>& folder) {
  CLI::App* verb = registry.add_subcommand(
      "add", "Add the entries of a package to your registry, or to a config's (--experiment)");
  auto path = std::make_shared<std::string>();
  auto force = std::make_shared<bool>(false);
  verb->add_option("path", *path,
                   "A package, or a folder with models/, tasks/, metrics/, datasets/")
      ->required()
      ->type_name("DIR");
  verb->add_flag("--force", *force, "Replace entries that are there and differ");
  CLI::App* parent = &registry;
  verb->callback([&session, path, force, folder, parent] {
    const bool to_config = parent->count("--experiment") > 0;
    session.action = [&session, path, force, folder, to_config] {
      const Path target = to_config ? Path(*folder) / "registries" : UserRegistries();
      const Result<int> status = Add(session.globals, *path, target, *force);
      return status.ok() ? *status : Fail(session.globals, status.error());
    };
  });
}

}  // namespace vlmhb::cli
