// vlmhb registry new KIND NAME: the skeleton of a plug-in package.

#include <fmt/format.h>

#include "cli/plugin_template.h"
#include "cli/registry_plugins.h"
#include "registry/describe.h"

namespace vlmhb::cli {
namespace {

using os::Path;

Result<void> WritePackage(const std::map<std::string, std::string>& files, const Path& folder) {
  std::error_code ignored;
  if (std::filesystem::exists(folder, ignored))
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("{} exists already; choose another name or --to", folder.string()));
  for (const auto& [name, text] : files) {
    VLMHB_TRY(os::MakeFolders((folder / name).parent_path()));
    VLMHB_TRY(os::WriteFileAtomic(folder / name, text));
  }
  return {};
}

int New(const Globals& globals, const std::string& kind_text, const std::string& name,
        const std::string& to) {
  const registry::Kind kind = *registry::ParseKind(kind_text);
  const auto files = PluginTemplate(kind, name);
  if (!files.ok()) return Fail(globals, files.error());
  const Path folder = to.empty() ? Path(name) : Path(to);
  const Result<void> written = WritePackage(*files, folder);
  if (!written.ok()) return Fail(globals, written.error());
  if (globals.json) {
    json::array names;
    for (const auto& [file, text] : *files) names.emplace_back(file);
    PrintJson(json::object{{"folder", folder.string()}, {"files", std::move(names)}});
    return 0;
  }
  const std::string place = folder.string();
  fmt::print(
      "{}\n\nNext: write it (src/), then\n  vlmhb registry validate {}\n  vlmhb registry add {}\n",
      place, place, place);
  return 0;
}

std::string CheckKind(const std::string& text) {
  const auto kind = registry::ParseKind(text);
  return kind.has_value() && *kind != registry::Kind::kDataset
             ? ""
             : "'" + text + "' is none of model, task, metric";
}

}  // namespace

void AddRegistryNew(CLI::App& registry, Session& session) {
  CLI::App* verb = registry.add_subcommand(
      "new", "Make the skeleton of a plug-in package: code, tests, entry, ready to publish");
  auto kind = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  verb->add_option("kind", *kind, "model, task or metric")->required()->check(CheckKind);
  verb->add_option("name", *name, "Of the plug-in and of its package, for instance word-order")
      ->required();
  verb->add_option("--to", *to, "Folder of the package (default: its name, here)")
      ->type_name("DIR");
  verb->callback([&session, kind, name, to] {
    session.action = [&session, kind, name, to] { return New(session.globals, *kind, *name, *to); };
  });
}

}  // namespace vlmhb::cli
