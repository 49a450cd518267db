// vlmhb status: what the workspace holds and what runs in it now. Reads files only, so it works
// beside a running `vlmhb run` and after a crash.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "cli/command.h"
#include "orchestrator/workspace.h"

namespace vlmhb::cli {
namespace {

using orchestrator::Workspace;
using os::Path;

struct ExperimentStatus {
  std::string name;
  json::array stages;  // the last event of each stage, in plan order
  std::string report;  // path of report.md, "" if there is none
};

// The last line of events.jsonl for every stage.
std::map<std::string, json::object> LastEvents(const Path& folder) {
  std::map<std::string, json::object> last;
  std::ifstream in(folder / "events.jsonl");
  for (std::string line; std::getline(in, line);) {
    Result<json::value> event = ParseJson(line);
    if (!event.ok() || !event->is_object()) continue;  // a line cut by a crash
    const std::string stage = FindString(event->get_object(), "stage");
    last[stage] = std::move(event->get_object());
  }
  return last;
}

// Samples done so far of a stage that runs, from the stage's own events.
void AddProgress(const Path& stage_folder, json::object& stage) {
  std::ifstream in(stage_folder / "events.jsonl");
  for (std::string line; std::getline(in, line);) {
    const Result<json::value> event = ParseJson(line);
    if (!event.ok() || !event->is_object()) continue;
    for (const char* key : {"done", "failed", "total"})
      if (const json::value* value = event->get_object().if_contains(key)) stage[key] = *value;
  }
}

Result<ExperimentStatus> ReadExperiment(const Path& folder, bool workspace_in_use) {
  VLMHB_ASSIGN(const std::string text, os::ReadFile(folder / "plan.json"));
  VLMHB_ASSIGN(const json::value plan, ParseJson(text));
  ExperimentStatus status{.name = folder.filename().string()};
  std::map<std::string, json::object> events = LastEvents(folder);
  const json::array* stages = plan.is_object() ? FindArray(plan.get_object(), "stages") : nullptr;
  if (stages == nullptr)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("{} has no stages", (folder / "plan.json").string()));
  for (const json::value& planned : *stages) {
    if (!planned.is_object()) continue;
    const std::string id = FindString(planned.get_object(), "id");
    json::object stage = events.contains(id) ? events[id] : json::object{{"stage", id}};
    std::string state = FindString(stage, "state", "waiting");
    if (state == "running") {
      AddProgress(folder / FindString(planned.get_object(), "folder"), stage);
      if (!workspace_in_use) state = "interrupted";
    }
    stage["state"] = state;
    status.stages.push_back(std::move(stage));
  }
  std::error_code ignored;
  if (std::filesystem::exists(folder / "report" / "report.md", ignored))
    status.report = (folder / "report" / "report.md").string();
  return status;
}

void PrintExperiment(const ExperimentStatus& status, const Terminal& out) {
  fmt::print("{}\n", Tinted(out, Tint::kBold, status.name));
  for (const json::value& value : status.stages) {
    const json::object& stage = value.get_object();
    const std::string state = FindString(stage, "state");
    const int64_t total = FindInt(stage, "total", 0);
    const int64_t failed = FindInt(stage, "failed", 0);
    const Tint tint = state == "done"      ? Tint::kGreen
                      : state == "failed"  ? Tint::kRed
                      : state == "running" ? Tint::kCyan
                                           : Tint::kYellow;
    fmt::print("  {}  {}", Tinted(out, tint, Fit(state, 11)), FindString(stage, "stage"));
    if (total > 0)
      fmt::print("  {}/{}", FormatCount(FindInt(stage, "done", 0)), FormatCount(total));
    if (failed > 0) fmt::print("  {} failed", FormatCount(failed));
    const std::string message = FindString(stage, "message");
    fmt::print("{}\n", message.empty() ? "" : "  " + Printable(message));
  }
  if (!status.report.empty()) fmt::print("  report: {}\n", status.report);
}

int Status(const Globals& globals) {
  const Workspace workspace{Path(globals.workspace)};
  std::vector<Path> folders;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(workspace.Experiments(), error))
    if (entry.is_directory()) folders.push_back(entry.path());
  if (error && error != std::errc::no_such_file_or_directory)
    return Fail(globals, ErrnoError(error.value(), workspace.root().string()));
  std::sort(folders.begin(), folders.end());

  const bool in_use = workspace.IsLocked();
  json::array experiments;
  for (const Path& folder : folders) {
    const Result<ExperimentStatus> status = ReadExperiment(folder, in_use);
    if (!status.ok()) return Fail(globals, status.error());
    if (!globals.json) PrintExperiment(*status, globals.out);
    experiments.push_back(
        {{"name", status->name},
         {"stages", status->stages},
         {"report", status->report.empty() ? json::value(nullptr) : json::value(status->report)}});
  }
  if (globals.json)
    PrintJson(json::object{{"workspace", workspace.root().string()},
                           {"in_use", in_use},
                           {"experiments", std::move(experiments)}});
  else if (folders.empty())
    fmt::print("no experiments in {}\n", workspace.root().string());
  return 0;
}

}  // namespace

void AddStatus(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("status", "Show the experiments of the workspace and their stages");
  verb->callback([&session] { session.action = [&session] { return Status(session.globals); }; });
}

}  // namespace vlmhb::cli
