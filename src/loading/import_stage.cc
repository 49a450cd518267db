#include "loading/import_stage.h"

#include <fmt/format.h>

#include "base/text.h"
#include "data/import.h"
#include "loading/plugin_import.h"
#include "os/file.h"

namespace vlmhb::loading {
namespace {

using data::ImportReport;
using os::Path;

struct Spec {
  Path source;
  Path root;  // the folder that images are relative to: `source`, or the one it is in
  Path output;
  std::string format;
  std::map<std::string, std::string> roles;
  bool skip_bad = false;
  std::vector<std::string> command;  // of the plug-in; empty: one of our own formats
  json::object params;
};

Result<Spec> ReadSpec(const json::object& stage) {
  VLMHB_ASSIGN(const json::object parameters, GetObject(stage, "import"));
  VLMHB_ASSIGN(const std::string source, GetString(parameters, "source"));
  Spec spec{.source = source,
            .output = FindString(stage, "output"),
            .format = FindString(parameters, "format"),
            .skip_bad = FindBool(parameters, "skip_bad", false)};
  if (const json::object* roles = FindObject(parameters, "roles"))
    for (const auto& [role, column] : *roles) spec.roles[role] = FindString(*roles, role);
  std::error_code ignored;
  const bool folder = std::filesystem::is_directory(spec.source, ignored);
  spec.root = folder ? spec.source : spec.source.parent_path();
  if (const json::object* plugin = FindObject(parameters, "plugin")) {
    spec.command = FindStrings(*plugin, "command");
    if (const json::object* params = FindObject(*plugin, "params")) spec.params = *params;
  }
  return spec;
}

Result<ImportReport> Import(const Spec& spec, const std::map<std::string, std::string>& environment,
                            const std::atomic<bool>& stop) {
  if (spec.command.empty())
    return data::Import({.source = {.path = spec.source, .roles = spec.roles},
                         .format = spec.format,
                         .output = spec.output,
                         .skip_bad = spec.skip_bad});
  worker::HostOptions host{.command = {.argv = spec.command, .env = environment},
                           .kind = "task",
                           .load_params = spec.params,
                           .log = [](std::string_view line) { fmt::print(stderr, "{}\n", line); },
                           .stop = &stop};
  return ImportFromPlugin({.host = std::move(host),
                           .root = spec.root,
                           .output = spec.output,
                           .skip_bad = spec.skip_bad},
                          spec.source.string());
}

Error BadRecords(const ImportReport& report) {
  std::string examples;
  for (size_t i = 0; i < report.problems.size() && i < 3; ++i)
    examples += fmt::format("{}{}: {}", i == 0 ? "" : "; ", report.problems[i].place,
                            report.problems[i].reason);
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("{} records cannot be imported ({}). Mend them, or leave them out: a "
                           "dataset entry with `skip_bad: true`, or `vlmhb data import --skip-bad`",
                           report.bad, examples));
}

Result<void> Run(const json::object& stage, const std::map<std::string, std::string>& environment,
                 const std::atomic<bool>& stop) {
  VLMHB_ASSIGN(const Spec spec, ReadSpec(stage));
  VLMHB_ASSIGN(const ImportReport report, Import(spec, environment, stop));
  if (!report.published) return BadRecords(report);
  if (report.samples == 0) return Error(ErrorCode::kInvalidConfig, "the dataset has no samples");
  json::object told = data::ToJsonObject(report);
  // Where images are: below the source's folder, or beside the annotation.
  const bool stays = report.root != spec.output;
  told["images"] = stays ? "source" : "output";
  const os::Path below = stays ? report.root.lexically_relative(spec.root) : Path();
  told["below"] = below == "." ? "" : below.string();
  return os::WriteFileAtomic(spec.output / kImportFile, ToPrettyJson(told));
}

}  // namespace

Result<void> RunImportStage(const json::object& spec,
                            const std::map<std::string, std::string>& environment,
                            const std::atomic<bool>& stop) {
  Result<void> done = Run(spec, environment, stop);
  if (!done.ok())
    (void)os::WriteFileAtomic(Path(FindString(spec, "output")) / "error.txt",
                              done.error().ToString());
  return done;
}

}  // namespace vlmhb::loading
