// vlmhb report: shows the report of an experiment, or says where it is.

#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "cli/command.h"
#include "orchestrator/workspace.h"

namespace vlmhb::cli {
namespace {

using os::Path;

std::vector<std::string> ExperimentsWithReport(const Path& experiments) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(experiments, ignored))
    if (std::filesystem::exists(entry.path() / "report" / "report.md", ignored))
      names.push_back(entry.path().filename().string());
  return names;
}

Result<std::string> ChooseExperiment(const Path& experiments, const std::string& wanted) {
  const std::vector<std::string> names = ExperimentsWithReport(experiments);
  if (wanted.empty() && names.size() == 1) return names.front();
  for (const std::string& name : names)
    if (name == wanted) return name;
  const std::string known = names.empty()
                                ? " No experiment has a report yet: use `vlmhb run CONFIG`."
                                : " Those with a report: " + Join(names, ", ") + ".";
  if (wanted.empty()) return Error(ErrorCode::kInvalidConfig, "name one experiment." + known);
  return Error(ErrorCode::kNotFound,
               fmt::format("no report of an experiment '{}' in {}.{}{}", wanted,
                           experiments.string(), DidYouMean(wanted, names), known));
}

int Report(const Globals& globals, const std::string& experiment, const std::string& format,
           bool path_only) {
  const orchestrator::Workspace workspace{Path(globals.workspace)};
  const Result<std::string> name = ChooseExperiment(workspace.Experiments(), experiment);
  if (!name.ok()) return Fail(globals, name.error());
  const std::string extension = globals.json ? "json" : format;
  const Path file = workspace.Experiment(*name) / "report" / ("report." + extension);
  if (path_only) {
    fmt::print("{}\n", std::filesystem::absolute(file).string());
    return 0;
  }
  const Result<std::string> text = os::ReadFile(file);
  if (!text.ok()) return Fail(globals, text.error());
  std::fputs(text->c_str(), stdout);
  return 0;
}

}  // namespace

void AddReport(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("report", "Print the report of an experiment, or its path");
  auto experiment = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("md");
  auto path_only = std::make_shared<bool>(false);
  verb->add_option("experiment", *experiment, "Its name (not needed if there is only one)");
  verb->add_option("-f,--format", *format, "md, html or json")
      ->check(CLI::IsMember({"md", "html", "json"}));
  verb->add_flag("--path", *path_only, "Print where the file is instead of its text");
  verb->footer("Examples:\n  vlmhb report\n  vlmhb report demo --format html --path");
  verb->callback([&session, experiment, format, path_only] {
    session.action = [&session, experiment, format, path_only] {
      return Report(session.globals, *experiment, *format, *path_only);
    };
  });
}

}  // namespace vlmhb::cli
