#include "config/load.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "config/csv_config.h"
#include "config/document_config.h"
#include "config/document_source.h"
#include "config/folders.h"
#include "config/run_fields.h"

namespace vlmhb::config {
namespace {

constexpr size_t kMaxConfigBytes = 64u << 20;

// "/runs/17/model/…" is row rows[17], column model_name.
Origin LocateInCsv(const std::string& file, const std::vector<uint64_t>& rows,
                   std::string_view pointer) {
  const std::vector<std::string_view> tokens = Split(pointer, '/');
  if (tokens.size() < 3) return {file, 0, ""};
  const size_t index = std::stoul(std::string(tokens[2]));
  const size_t key_start = tokens[1].size() + tokens[2].size() + 3;
  const std::string_view key = pointer.substr(std::min(key_start, pointer.size()));
  return {file, rows[index], key.empty() ? "" : std::string(ColumnOf(key))};
}

// A CSV config as a document of the JSON and YAML form.
SourceDocument ReadCsv(std::string_view text, const std::string& file,
                       std::set<std::string>& missing_keys) {
  CsvRuns csv = ParseCsvConfig(text, file);
  missing_keys = std::move(csv.missing_keys);
  SourceDocument document;
  document.value = json::object{{"runs", std::move(csv.runs)}};
  document.problems = std::move(csv.problems);
  document.locate = [file, rows = std::move(csv.rows)](std::string_view pointer) {
    return LocateInCsv(file, rows, pointer);
  };
  return document;
}

void Sort(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.origin.file, a.origin.row) < std::tie(b.origin.file, b.origin.row);
  });
}

// Whether `problem` leaves it open what this run is: looking it up would only add consequences.
bool HidesIdentity(const Problem& problem, const RunConfig& run) {
  for (const char* key : {"task", "dataset", "model", "framework"}) {
    const Origin field = run.Field(key);
    if (std::tie(problem.origin.file, problem.origin.row, problem.origin.field) ==
        std::tie(field.file, field.row, field.field))
      return true;
  }
  return problem.origin.row == run.origin.row && problem.origin.field == run.origin.field;
}

void DropUnknowableRuns(std::vector<RunConfig>& runs, const std::vector<Problem>& problems,
                        bool columns_missing) {
  std::erase_if(runs, [&](const RunConfig& run) {
    return columns_missing || std::any_of(problems.begin(), problems.end(),
                                          [&](const Problem& p) { return HidesIdentity(p, run); });
  });
}

}  // namespace

Loaded ParseExperiment(std::string_view text, const os::Path& path) {
  const std::string file = path.filename().string();
  const std::string extension = AsciiLower(path.extension().string());
  std::set<std::string> missing_keys;
  Result<SourceDocument> source = extension == ".csv" ? ReadCsv(text, file, missing_keys)
                                                      : ReadDocumentText(text, file, extension);
  if (!source.ok()) return {{{{file}, source.error().ToString()}}, {}};
  std::vector<Problem> problems = std::move(source->problems);
  Experiment experiment = ReadExperiment(*source, missing_keys, problems);
  experiment.file = path.string();
  if (experiment.name.empty()) experiment.name = path.stem().string();
  if (experiment.title.empty()) experiment.title = experiment.name;
  experiment.name = Slug(experiment.name);
  const json::object* document = source->value.if_object();
  const json::object* named = document == nullptr ? nullptr : FindObject(*document, "folders");
  experiment.folders =
      FindFolders(path.parent_path(), named == nullptr ? json::object() : *named, problems);
  DropUnknowableRuns(experiment.runs, problems, !missing_keys.empty());
  Sort(problems);
  return {std::move(problems), std::move(experiment)};
}

Loaded LoadExperiment(const os::Path& path) {
  std::error_code error;
  const os::Path absolute = std::filesystem::absolute(path, error).lexically_normal();
  const Result<std::string> text = os::ReadFile(absolute, kMaxConfigBytes);
  if (!text.ok()) return {{{{path.string()}, text.error().ToString()}}, {}};
  return ParseExperiment(*text, absolute);
}

std::string ToString(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += problem.ToString() + "\n";
  return text;
}

}  // namespace vlmhb::config
