#include "registry/answers_lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "registry/dataset_resolver.h"

namespace vlmhb::registry {
namespace {

using config::Experiment;
using config::RunConfig;
using os::Path;

bool Exists(const Path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

std::vector<std::string> FilesIn(const Path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error))
    names.push_back(it->path().filename().string());
  return names;
}

// "20250605_120000.csv".
bool IsTimestampedEnd(std::string_view text) {
  constexpr std::string_view kPattern = "00000000_000000.csv";
  return text.size() == kPattern.size() &&
         std::equal(text.begin(), text.end(), kPattern.begin(),
                    [](char c, char p) { return p == '0' ? c >= '0' && c <= '9' : c == p; });
}

// Everything before the timestamp, for each way in which the predecessor wrote the framework.
std::vector<std::string> Prefixes(const RunConfig& run, const std::string& task) {
  std::string underscored = run.framework;
  std::replace(underscored.begin(), underscored.end(), ' ', '_');
  std::vector<std::string> prefixes;
  for (const std::string& framework : {run.framework, underscored, std::string("MODELFRAMEWORK")})
    for (const std::string& task_name : {run.task, task})
      prefixes.push_back(
          fmt::format("{}_{}_{}_{}_answers_", run.dataset, framework, run.model, task_name));
  return prefixes;
}

Result<Path> FindNamed(const Experiment& experiment, const std::string& answers) {
  const Path below = Path(experiment.folders.answers) / answers;
  if (Exists(below)) return below.lexically_normal();
  const Path beside = Path(experiment.file).parent_path() / answers;
  if (Exists(beside)) return beside.lexically_normal();
  return Error(
      ErrorCode::kNotFound,
      fmt::format("there is no answers file '{}', neither below {} nor beside the config.{}",
                  answers, experiment.folders.answers,
                  DidYouMean(answers, FilesIn(experiment.folders.answers))));
}

Result<Path> FindNewest(const Experiment& experiment, const RunConfig& run,
                        const std::string& task) {
  const std::string newest = NewestAnswers(FilesIn(experiment.folders.answers), run, task);
  if (!newest.empty()) return Path(experiment.folders.answers) / newest;
  return Error(
      ErrorCode::kNotFound,
      fmt::format("only_evaluate_metrics needs answers, but no file {}<date>_<time>.csv is in "
                  "{}; name one with 'answers'",
                  Prefixes(run, task)[2], experiment.folders.answers));
}

}  // namespace

std::string NewestAnswers(const std::vector<std::string>& file_names, const RunConfig& run,
                          const std::string& task) {
  std::string newest, newest_time;
  for (const std::string& name : file_names) {
    for (const std::string& prefix : Prefixes(run, task)) {
      if (!name.starts_with(prefix) || !IsTimestampedEnd(name.substr(prefix.size()))) continue;
      if (const std::string time = name.substr(prefix.size()); time > newest_time) {
        newest_time = time;
        newest = name;
      }
    }
  }
  return newest;
}

Result<std::string> FindAnswers(const Experiment& experiment, const RunConfig& run,
                                const std::string& task) {
  VLMHB_ASSIGN(const Path file, run.answers.has_value() ? FindNamed(experiment, *run.answers)
                                                        : FindNewest(experiment, run, task));
  VLMHB_ASSIGN(const std::vector<std::string> header, ReadCsvHeader(file));
  for (const char* column : {"id", "model_answer"})
    if (std::find(header.begin(), header.end(), column) == header.end())
      return Error(
          ErrorCode::kInvalidConfig,
          fmt::format("{} is no answers file: it has no column '{}'", file.string(), column));
  return file.string();
}

}  // namespace vlmhb::registry
