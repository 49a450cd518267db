#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "config/csv_config.h"
#include "config/document_config.h"
#include "config/folders.h"
#include "config/run_fields.h"
#include "config/strict_json.h"
#include "config/yaml.h"

namespace vlmhb::config {
namespace {

constexpr size_t kMaxConfigBytes = 64u << 20;

// A document with where its parts stand; `problems` were found while reading it.
struct Source {
  json::value document;
  DocumentSource places;
  std::vector<Problem> problems;
};

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

Source ReadCsv(std::string_view text, const std::string& file) {
  CsvRuns csv = ParseCsvConfig(text, file);
  Source source;
  source.document = json::object{{"runs", std::move(csv.runs)}};
  source.problems = std::move(csv.problems);
  source.places.missing_keys = std::move(csv.missing_keys);
  source.places.locate = [file, rows = std::move(csv.rows)](std::string_view pointer) {
    return LocateInCsv(file, rows, pointer);
  };
  return source;
}

// The line of the value, or of the nearest one around it (a value inside of an alias has none).
uint64_t LineOf(const std::map<std::string, uint64_t>& lines, std::string_view pointer) {
  while (true) {
    if (const auto found = lines.find(std::string(pointer)); found != lines.end())
      return found->second;
    if (pointer.empty()) return 0;
    pointer = pointer.substr(0, pointer.rfind('/'));
  }
}

Result<Source> ReadYaml(std::string_view text, const std::string& file) {
  VLMHB_ASSIGN(YamlDocument yaml, ParseYaml(text));
  Source source;
  source.document = std::move(yaml.value);
  for (YamlProblem& problem : yaml.problems)
    source.problems.push_back({{file, problem.line, problem.pointer}, std::move(problem.message)});
  source.places.locate = [file, lines = std::move(yaml.lines)](std::string_view pointer) {
    return Origin{file, LineOf(lines, pointer), std::string(pointer)};
  };
  return source;
}

Result<Source> ReadJson(std::string_view text, const std::string& file) {
  VLMHB_ASSIGN(StrictJson parsed, ParseStrictJson(text));
  Source source;
  source.document = std::move(parsed.value);
  for (std::string& pointer : parsed.duplicates)
    source.problems.push_back({{file, 0, std::move(pointer)}, "this key is there twice"});
  source.places.locate = [file](std::string_view pointer) {
    return Origin{file, 0, std::string(pointer)};
  };
  return source;
}

Result<Source> ReadSource(std::string_view text, const std::string& file,
                          const std::string& extension) {
  if (extension == ".csv") return ReadCsv(text, file);
  if (extension == ".json") return ReadJson(text, file);
  if (extension == ".yaml" || extension == ".yml") return ReadYaml(text, file);
  return Error(
      ErrorCode::kInvalidConfig,
      fmt::format("the extension '{}' says nothing about the format; .csv, .json, .yaml or "
                  ".yml expected",
                  extension));
}

void Sort(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.origin.file, a.origin.row) < std::tie(b.origin.file, b.origin.row);
  });
}

}  // namespace

Loaded ParseExperiment(std::string_view text, const os::Path& path) {
  const std::string file = path.filename().string();
  Result<Source> source = ReadSource(text, file, AsciiLower(path.extension().string()));
  if (!source.ok()) return std::vector<Problem>{{{file}, source.error().ToString()}};
  source->places.file = file;
  std::vector<Problem> problems = std::move(source->problems);
  Experiment experiment = ReadDocument(source->document, source->places, problems);
  experiment.file = path.string();
  if (experiment.name.empty()) experiment.name = path.stem().string();
  if (experiment.title.empty()) experiment.title = experiment.name;
  experiment.name = Slug(experiment.name);
  const json::object* document = source->document.if_object();
  const json::object* named = document == nullptr ? nullptr : FindObject(*document, "folders");
  experiment.folders =
      FindFolders(path.parent_path(), named == nullptr ? json::object() : *named, problems);
  if (problems.empty()) return experiment;
  Sort(problems);
  return problems;
}

Loaded LoadExperiment(const os::Path& path) {
  std::error_code error;
  const os::Path absolute = std::filesystem::absolute(path, error).lexically_normal();
  const Result<std::string> text = os::ReadFile(absolute, kMaxConfigBytes);
  if (!text.ok()) return std::vector<Problem>{{{path.string()}, text.error().ToString()}};
  return ParseExperiment(*text, absolute);
}

std::string ToString(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += problem.ToString() + "\n";
  return text;
}

}  // namespace vlmhb::config
