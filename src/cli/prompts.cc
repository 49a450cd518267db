// vlmhb prompts show CONFIG: what the first samples of each run would be asked, and where each text
// comes from. Starts nothing.

#include "data/prompts.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "cli/environment_choice.h"
#include "cli/prepare.h"
#include "cli/setup.h"
#include "data/annotation_reader.h"

namespace vlmhb::cli {
namespace {

using registry::ResolvedExperiment;
using registry::ResolvedRun;

struct PromptsOptions {
  std::string config;
  std::string run;  // "": all
  uint64_t limit = 3;
  EnvironmentChoice choice;
};

json::value Described(const data::Prompt& prompt) {
  if (prompt.origin.source == data::PromptSource::kNone) return nullptr;
  return json::object{{"text", prompt.text},
                      {"source", data::PromptSourceName(prompt.origin.source)},
                      {"place", prompt.origin.place}};
}

json::object DescribeSample(const data::PromptResolver& resolver, const data::AnnotationRow& row) {
  json::object sample{{"id", static_cast<int64_t>(row.id)},
                      {"line", static_cast<int64_t>(row.line)}};
  if (!row.good()) {
    sample["error"] = SanitizeUtf8(row.bad_reason);
    return sample;
  }
  const Result<data::SamplePrompts> prompts = resolver.Resolve(row);
  if (!prompts.ok()) {
    sample["error"] = prompts.error().message();
    return sample;
  }
  sample["system"] = Described(prompts->system);
  sample["user"] = Described(prompts->user);
  return sample;
}

Result<json::array> DescribeSamples(const ResolvedRun& run, uint64_t limit) {
  VLMHB_ASSIGN(const data::DatasetView view, ViewOf(run.dataset));
  VLMHB_ASSIGN(data::AnnotationReader reader, data::AnnotationReader::Open(view, {}));
  const data::SampleFields fields(reader.columns(), view.columns);
  VLMHB_ASSIGN(const data::PromptResolver resolver,
               data::PromptResolver::Create(run.prompt, fields));
  json::array samples;
  data::AnnotationRow row;
  while (samples.size() < limit) {
    VLMHB_ASSIGN(const bool more, reader.Next(row));
    if (!more) break;
    samples.push_back(DescribeSample(resolver, row));
  }
  return samples;
}

Result<json::object> DescribeRun(const ResolvedRun& run, uint64_t limit) {
  json::object described{{"run", run.id},
                         {"model", run.model.name},
                         {"task", run.task.name},
                         {"dataset", run.dataset.name}};
  if (run.answers.has_value()) {
    described["note"] = "its answers are there already; nothing is asked";
  } else if (run.dataset.annotation.empty()) {
    described["note"] = "its dataset has not been imported yet; `vlmhb run` does that";
  } else {
    VLMHB_ASSIGN(described["samples"], DescribeSamples(run, limit));
  }
  return described;
}

void PrintPrompt(const Terminal& out, std::string_view name, const json::value& value) {
  const json::object* prompt = value.if_object();
  if (prompt == nullptr) return fmt::print("    {:<6}  none\n", name);
  fmt::print("    {:<6}  {}\n", name,
             Tinted(out, Tint::kDim,
                    fmt::format("{}, {}", FindString(*prompt, "source"),
                                Printable(FindString(*prompt, "place")))));
  const std::string text = FindString(*prompt, "text");
  for (const std::string_view line : Split(text, '\n'))
    fmt::print("            {}\n", Printable(line));
}

void PrintRun(const Terminal& out, const json::object& run) {
  fmt::print("{}  (model {}, dataset {})\n", Tinted(out, Tint::kBold, FindString(run, "run")),
             Printable(FindString(run, "model")), Printable(FindString(run, "dataset")));
  if (run.contains("note")) fmt::print("  {}\n", FindString(run, "note"));
  const json::array* samples = FindArray(run, "samples");
  if (samples == nullptr) return;
  for (const json::value& value : *samples) {
    const json::object& sample = value.as_object();
    fmt::print("  sample {}, line {}\n", FindInt(sample, "id", 0), FindInt(sample, "line", 0));
    if (sample.contains("error")) {
      fmt::print("    {}\n", Tinted(out, Tint::kRed, Printable(FindString(sample, "error"))));
      continue;
    }
    PrintPrompt(out, "system", sample.at("system"));
    PrintPrompt(out, "user", sample.at("user"));
  }
}

// Imports that were made are looked up, none is made. Nothing after printing what is wrong.
Result<std::optional<ResolvedExperiment>> WithImports(const Globals& globals,
                                                      const PromptsOptions& options,
                                                      const ExperimentSource& source,
                                                      ResolvedExperiment experiment) {
  if (std::none_of(experiment.runs.begin(), experiment.runs.end(),
                   [](const ResolvedRun& run) { return run.dataset.source.has_value(); }))
    return std::optional<ResolvedExperiment>(std::move(experiment));
  const orchestrator::Workspace workspace(std::filesystem::absolute(globals.workspace));
  VLMHB_ASSIGN(const auto environment, MakeEnvironment(options.choice, workspace));
  VLMHB_ASSIGN(std::optional<SetUp> found,
               SetUpExperiment(globals, options.choice, source, std::move(experiment),
                               orchestrator::ProvisionMode::kLook, *environment, workspace));
  if (!found.has_value()) return std::optional<ResolvedExperiment>();
  return std::optional<ResolvedExperiment>(std::move(found->experiment));
}

Result<void> CheckRun(const ResolvedExperiment& experiment, const std::string& name) {
  std::vector<std::string> ids;
  for (const ResolvedRun& run : experiment.runs) ids.push_back(run.id);
  if (name.empty() || std::find(ids.begin(), ids.end(), name) != ids.end()) return {};
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("there is no run '{}'.{} The runs are {}", name, DidYouMean(name, ids),
                           Join(ids, ", ")));
}

Result<int> Show(const Globals& globals, const PromptsOptions& options,
                 const ExperimentSource& source, ResolvedExperiment resolved) {
  VLMHB_TRY(CheckRun(resolved, options.run));
  VLMHB_ASSIGN(const auto experiment, WithImports(globals, options, source, std::move(resolved)));
  if (!experiment.has_value()) return ConfigStatus();
  json::array runs;
  for (const ResolvedRun& run : experiment->runs) {
    if (!options.run.empty() && run.id != options.run) continue;
    VLMHB_ASSIGN(json::object described, DescribeRun(run, options.limit));
    if (globals.json)
      runs.push_back(std::move(described));
    else
      PrintRun(globals.out, described);
  }
  if (globals.json) PrintJson(json::object{{"experiment", experiment->name}, {"runs", runs}});
  return 0;
}

}  // namespace

void AddPrompts(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("prompts", "What samples are asked, and why");
  verb->require_subcommand(1);
  CLI::App* show = verb->add_subcommand(
      "show", "The system and user prompt of the first samples of each run; starts nothing");
  auto options = std::make_shared<PromptsOptions>();
  show->add_option("config", options->config, "CSV, JSON or YAML file")->required();
  show->add_option("--run", options->run, "Only this run")->type_name("RUN");
  show->add_option("--limit", options->limit, "So many samples of each run (default: 3)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  AddEnvironmentOptions(*show, options->choice);
  show->callback([&session, options] {
    session.action = [&session, options] {
      const auto source =
          ExperimentSource::Load(session.globals, options->config, IsDevMode(options->choice.mode));
      auto resolved = source.has_value() ? source->Resolve(session.globals) : std::nullopt;
      if (!resolved.has_value()) return ConfigStatus();
      const Result<int> status = Show(session.globals, *options, *source, *std::move(resolved));
      return status.ok() ? *status : Fail(session.globals, status.error());
    };
  });
}

}  // namespace vlmhb::cli
